import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import type { EdfSamples } from "../../src/recording/edf-encode.js";
import { writeField } from "../../src/recording/edf-fields.js";
import type { EdfKind } from "../../src/recording/edf-spec.js";
import { type EdfSpec, encodeEdf, openEdfWriter, writeEdf } from "../../src/recording/edf-writer.js";

const latin1 = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes.subarray(start, end)).toString("latin1");

function sineSpec(kind: EdfKind): EdfSpec {
  const random = createRandom(7, "writer");
  const wave = (rate: number) =>
    Float32Array.from({ length: rate * 5 }, (_, i) => 100 * Math.sin(i / 9) + random.normal(i));
  const range = { physicalMin: -500, physicalMax: 500.25 };
  return {
    kind,
    startDate: new Date(Date.UTC(2011, 4, 17, 13, 5, 59)),
    recordDurationSeconds: 1,
    signals: [
      { label: "EEG FP1-REF", samplesPerRecord: 250, samples: wave(250), ...range },
      { label: "IBI", samplesPerRecord: 1, samples: Int16Array.of(1, -2, 3, -4, 32767), ...range },
    ],
    annotations: kind.includes("+")
      ? [
          { onsetSeconds: 1.25, durationSeconds: 0.5, text: "Anfall µ" },
          { onsetSeconds: 4, text: "end" },
        ]
      : [],
  };
}

test("encodeEdf writes TUSZ's habits as given: colon date, reserved EDF, a duration that abuts the signal count", () => {
  const bytes = encodeEdf({
    ...sineSpec("EDF"),
    startDate: "01:01:85",
    accept: ["start-date-separator"],
    reserved: "EDF",
    recordDurationSeconds: "1.000000",
    patient: "aaaaaaaq X X X",
  });
  assert.equal(latin1(bytes, 8, 22), "aaaaaaaq X X X");
  assert.equal(latin1(bytes, 168, 184), "01:01:8500.00.00");
  assert.equal(latin1(bytes, 184, 200).trimEnd(), "768     EDF");
  assert.equal(latin1(bytes, 236, 256), "5       1.0000002   ");
  assert.equal(bytes.length, 768 + 5 * 251 * 2);
});

test("writeField pads a field with blanks, and does not change the next one", () => {
  const bytes = new Uint8Array(8).fill(0x2e);
  writeField(bytes, 1, { name: "a", offset: 1, width: 4 }, "ab");
  assert.equal(latin1(bytes, 0, 8), ".ab  ...");
  writeField(bytes, 1, { name: "a", offset: 1, width: 4 }, "abcd");
  assert.equal(latin1(bytes, 0, 8), ".abcd...");
});

test("encodeEdf stores digital samples little-endian and unchanged, 24 bit in BDF", () => {
  const edf = encodeEdf(sineSpec("EDF"));
  assert.deepEqual([...edf.subarray(-2)], [0xff, 0x7f]);
  const base = sineSpec("BDF");
  const bdf = encodeEdf({
    ...base,
    signals: [{ ...base.signals[1]!, samples: Int32Array.of(-2, -8388608, 8388607, 0, 0x010203) }],
  });
  assert.deepEqual([...bdf.subarray(-15)], [0xfe, 0xff, 0xff, 0, 0, 0x80, 0xff, 0xff, 0x7f, 0, 0, 0, 3, 2, 1]);
});

test("encodeEdf clips values outside the range with clip, counts them, and refuses them otherwise", () => {
  const base = sineSpec("EDF");
  const signal = {
    label: "X",
    physicalMin: -100,
    physicalMax: 100,
    digitalMin: -1000,
    digitalMax: 1000,
    samplesPerRecord: 5,
  };
  const write = (samples: EdfSamples, more: Partial<EdfSpec> = {}) =>
    encodeEdf({ ...base, signals: [{ ...signal, samples }], ...more });
  const found: unknown[] = [];
  const clip = { clip: true, onClipped: (clipped: unknown) => found.push(clipped) };
  const stored = (bytes: Uint8Array) => [...new Int16Array(bytes.slice(-10).buffer)];
  assert.deepEqual(
    stored(write(Float32Array.of(-1e9, Number.POSITIVE_INFINITY, 100.09, 50, -50), clip)),
    [-1000, 1000, 1000, 500, -500],
  );
  assert.deepEqual(stored(write(Int32Array.of(40000, -1001, 1000, 5, 0), clip)), [1000, -1000, 1000, 5, 0]);
  assert.deepEqual(stored(write(Int32Array.of(4, -1000, 1000, 5, 0), clip)), [4, -1000, 1000, 5, 0]);
  assert.deepEqual(found, [[{ signal: 0, label: "X", count: 3 }], [{ signal: 0, label: "X", count: 2 }]]);
  assert.throws(() => write(Int32Array.of(0, 0, 40000, 0, 0)), {
    name: "RangeError",
    message: /"X": sample 2 is 40000, outside the digital range -1000 to 1000; give a wider range, or clip: true/,
  });
  assert.throws(
    () => write(Float32Array.of(0, 0, 0, 100.5, 0)),
    /sample 3 is 100.5, outside the physical range -100 to 100/,
  );
  for (const more of [{}, clip])
    assert.throws(
      () => write(Float32Array.of(0, Number.NaN, 0, 0, 0), more),
      /sample 1 is NaN, which cannot be stored/,
    );
});

test("encodeEdf refuses what the format cannot hold, naming the value", () => {
  const base = sineSpec("EDF");
  const signal = base.signals[0]!;
  assert.throws(() => encodeEdf({ ...base, patient: "x".repeat(81) }), /invalid patient: .*81 characters.*holds 80/);
  assert.throws(() => encodeEdf({ ...base, patient: "日" }), /outside Latin-1/);
  assert.throws(
    () => encodeEdf({ ...base, annotations: [{ onsetSeconds: 0, text: "x" }] }),
    /EDF cannot hold annotations; use EDF\+C/,
  );
  assert.throws(() => encodeEdf({ ...base, signals: [{ ...signal, samples: new Float32Array(251) }] }), /251 samples/);
  assert.throws(
    () => encodeEdf({ ...base, signals: [{ ...signal, samplesPerRecord: 0 }] }),
    /invalid samplesPerRecord/,
  );
  assert.throws(
    () => encodeEdf({ ...sineSpec("EDF+C"), annotations: [{ onsetSeconds: 1, text: "a\x14b" }] }),
    /invalid annotation text/,
  );
});

test("writeEdf and the block writer give the bytes of encodeEdf, and an abort leaves the folder empty", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-edf-"));
  t.after(() => rm(folder, { recursive: true }));
  const spec = sineSpec("EDF+C");
  const expected = Buffer.from(encodeEdf(spec));
  await writeEdf(join(folder, "whole.edf"), spec);
  assert.deepEqual(await readFile(join(folder, "whole.edf")), expected);

  const writer = await openEdfWriter(join(folder, "blocks.edf"), { ...spec, recordCount: 5 });
  for (const [from, to] of [
    [0, 2],
    [2, 5],
  ] as const) {
    await writer.writeRecords(
      spec.signals.map((s) => s.samples.subarray(from * s.samplesPerRecord, to * s.samplesPerRecord)),
    );
  }
  await writer.finish();
  assert.deepEqual(await readFile(join(folder, "blocks.edf")), expected);

  const cut = await openEdfWriter(join(folder, "cut.edf"), { ...spec, recordCount: 5 });
  await assert.rejects(cut.finish(), /0 written, 5 announced/);
  await cut.abort();
  assert.deepEqual((await readdir(folder)).sort(), ["blocks.edf", "whole.edf"]);
});

const READ_BACK = `
import sys, json, warnings
warnings.filterwarnings("ignore")
import mne, pyedflib
mne.set_log_level("ERROR")
path = sys.argv[1]
f = pyedflib.EdfReader(path)
onset, length, text = f.readAnnotations()
out = {"labels": f.getSignalLabels(), "duration": f.getFileDuration(), "start": str(f.getStartdatetime()),
       "first": f.readSignal(0, 0, 20).tolist(), "digital": f.readSignal(1, digital=True).tolist(),
       "annotations": [[float(a), float(b), str(c)] for a, b, c in zip(onset, length, text)]}
f.close()
raw = (mne.io.read_raw_bdf if path.endswith("bdf") else mne.io.read_raw_edf)(path)
out["mne"] = {"date": str(raw.info["meas_date"]), "channels": raw.ch_names, "annotations": [[float(a["onset"]), a["description"]] for a in raw.annotations]}
print(json.dumps(out))
`;

const python = process.env.ICTAL_TEST_PYTHON ?? "python3";

function pythonLacks(): string | false {
  try {
    execFileSync(python, ["-c", "import mne, pyedflib"], { stdio: "ignore" });
    return false;
  } catch {
    return `${python} has no mne and pyedflib; set ICTAL_TEST_PYTHON to one that has`;
  }
}

test("pyedflib and MNE read back every kind that encodeEdf writes", { skip: pythonLacks() }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-edf-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const kind of ["EDF", "EDF+C", "BDF", "BDF+C"] as const) {
    const spec = sineSpec(kind);
    const path = join(folder, `a.${kind.slice(0, 3).toLowerCase()}`);
    await writeEdf(path, spec);
    const seen = JSON.parse(execFileSync(python, ["-c", READ_BACK, path], { encoding: "utf8", maxBuffer: 1 << 26 }));
    assert.deepEqual(seen.labels, ["EEG FP1-REF", "IBI"], kind);
    assert.equal(seen.start, "2011-05-17 13:05:59");
    assert.equal(seen.mne.date, "2011-05-17 13:05:59+00:00");
    assert.equal(seen.duration, 5);
    assert.deepEqual(seen.digital, [1, -2, 3, -4, 32767]);
    for (const [i, value] of (seen.first as number[]).entries())
      assert.ok(Math.abs(value - spec.signals[0]!.samples[i]!) <= 0.0077);
    const annotations = kind.includes("+")
      ? [
          [1.25, 0.5, "Anfall µ"],
          [4, -1, "end"],
        ]
      : [];
    assert.deepEqual(seen.annotations, annotations);
    assert.deepEqual(
      seen.mne.annotations,
      annotations.map(([onset, , text]) => [onset, text]),
    );
  }
});
