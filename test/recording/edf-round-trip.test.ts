import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { bytesSource } from "../../src/recording/byte-source.js";
import type { DiagnosticCode } from "../../src/recording/diagnostics.js";
import { readEdfAnnotations } from "../../src/recording/edf-annotations.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { readEdfInfo } from "../../src/recording/edf-info.js";
import { scalingOf } from "../../src/recording/edf-scaling.js";
import type { EdfKind } from "../../src/recording/edf-spec.js";
import {
  type EdfSignalData,
  type EdfSpec,
  encodeEdf,
  openEdfWriter,
  writeEdf,
} from "../../src/recording/edf-writer.js";

const signal = (more: Partial<EdfSignalData> = {}): EdfSignalData => ({
  ...{ label: "EEG FP1-REF", physicalMin: -100, physicalMax: 100, samplesPerRecord: 10 },
  samples: new Int16Array(20),
  ...more,
});
const spec = (more: Partial<EdfSpec> = {}, kind: EdfKind = "EDF+C"): EdfSpec => ({
  ...{ kind, recordDurationSeconds: 1, signals: [signal()] },
  ...more,
});

const REFUSED: Record<string, [EdfSpec, RegExp]> = {
  "a physical range that rounds to 0": [
    spec({ signals: [signal({ physicalMin: -1e-9, physicalMax: 1e-9 })] }),
    /physicalMin of "EEG FP1-REF": -1e-9 is 0 in the field/,
  ],
  "a physical range that loses its scale": [
    spec({ signals: [signal({ physicalMin: -0.001234567, physicalMax: 0.001234567 })] }),
    /physicalMin .* changes the scale/,
  ],
  "a physical range too long for its field": [
    spec({ signals: [signal({ physicalMin: -123456789 })] }),
    /physicalMin of "EEG FP1-REF": -123456789 does not fit/,
  ],
  "an infinite range": [
    spec({ signals: [signal({ physicalMax: Number.POSITIVE_INFINITY })] }),
    /physicalMax .* Infinity/,
  ],
  "a flat physical range": [spec({ signals: [signal({ physicalMin: 0, physicalMax: 0 })] }), /flat-physical-range/],
  "a flat digital range": [spec({ signals: [signal({ digitalMin: 5, digitalMax: 5 })] }), /flat-digital-range/],
  "an inverted digital range": [
    spec({ signals: [signal({ digitalMin: 100, digitalMax: -100 })] }),
    /inverted-digital-range/,
  ],
  "a digital range of 17 bits": [
    spec({ signals: [signal({ digitalMin: -99999, digitalMax: 99999 })] }),
    /digital-range-too-wide/,
  ],
  "32768 as digital maximum of an EDF": [spec({ signals: [signal({ digitalMax: 32768 })] }), /digital-range-too-wide/],
  "a digital range in fractions": [spec({ signals: [signal({ digitalMin: -0.5 })] }), /digital-range-fraction/],
  "duration 0 with a signal": [spec({ recordDurationSeconds: 0 }), /zero-duration/],
  "a negative duration": [spec({ recordDurationSeconds: -1 }), /record-duration-invalid|invalid annotation time/],
  "a duration of 1/3 s": [spec({ recordDurationSeconds: 1 / 3 }), /0.3333333333333333 is 0.333333 in the field/],
  "a duration below a microsecond": [spec({ recordDurationSeconds: 1e-7 }, "EDF"), /1e-7 is 0 in the field/],
  "a duration with a comma": [spec({ recordDurationSeconds: "1,5" }), /comma-decimal/],
  "year 999": [spec({ startDate: new Date(Date.UTC(999, 0, 1)) }), /start-date-invalid/],
  "year 1984": [spec({ startDate: new Date(Date.UTC(1984, 0, 1)) }), /whole seconds from 1985/],
  "year 2085 in plain EDF": [
    spec({ startDate: new Date(Date.UTC(2085, 0, 1)) }, "EDF"),
    /does not read back \(unknown\)/,
  ],
  "the date that means withheld": [
    spec({ startDate: new Date(Date.UTC(1985, 0, 1)) }, "EDF"),
    /does not read back \(unknown\)/,
  ],
  "a start with milliseconds": [spec({ startDate: new Date(Date.UTC(2020, 0, 1, 0, 0, 0, 500)) }), /whole seconds/],
  "no date": [spec({ startDate: new Date(Number.NaN) }), /invalid startDate: no date/],
  "a 31st of February": [spec({ startDate: "31.02.20" }), /start-date-invalid/],
  "a Startdate that is none": [spec({ recording: "Startdate 1-1-2020 X X X" }), /start-date-invalid/],
  "a Startdate against the date": [
    spec({ startDate: new Date(Date.UTC(2020, 0, 1)), recording: "Startdate 02-JAN-2020 X X X" }),
    /2020-01-01T00:00:00.000Z does not read back \(2020-01-02/,
  ],
  "hour 24": [spec({ startTime: "24.00.00" }), /start-time-invalid/],
  "a label that is too long": [
    spec({ signals: [signal({ label: "EEG FP1-REFERENCE" })] }),
    /17 characters, the field holds 16/,
  ],
  "a label with blanks around it": [spec({ signals: [signal({ label: " C3" })] }), /" C3" would read back as "C3"/],
  "a label with a line feed": [spec({ signals: [signal({ label: "C3\nC4" })] }), /non-ascii/],
  "a label with NUL": [spec({ signals: [signal({ label: "C3\0C4" })] }), /header-nul-padding/],
  "a label beyond ASCII": [spec({ signals: [signal({ label: "C3µ" })] }), /non-ascii/],
  "a label beyond Latin-1": [spec({ signals: [signal({ label: "C3→" })] }), /outside Latin-1/],
  "a label that marks annotations": [
    spec({ signals: [signal({ label: "EDF Annotations" })] }, "EDF"),
    /"EDF Annotations" marks annotations/,
  ],
  "labels that collide": [spec({ signals: [signal(), signal()] }), /duplicate-label/],
  "two signals of one electrode": [spec({ signals: [signal(), signal({ label: "FP1" })] }), /duplicate-electrode/],
  "an electrode in percent": [spec({ signals: [signal({ unit: "%" })] }), /unit-unknown/],
  "a transducer that is too long": [spec({ signals: [signal({ transducer: "x".repeat(81) })] }), /81 characters/],
  "an unknown kind": [spec({}, "EDF+" as EdfKind), /EDF\+ would read back as/],
  "reserved of another kind": [spec({ reserved: "EDF+C" }, "EDF"), /plus-without-annotations/],
  "records out of order under a reserved field of one's own": [
    spec({ reserved: "EDF+C", recordStartSeconds: (record) => 0.5 * record }, "EDF+D"),
    /record-overlap/,
  ],
  "signals of different lengths": [
    spec({ signals: [signal(), signal({ label: "C3", samples: new Int16Array(30) })] }),
    /invalid length of "C3"/,
  ],
  "samples of no known array": [
    spec({ signals: [signal({ samples: new Uint16Array(20) as unknown as Int16Array })] }), // what untyped code may pass
    /invalid samples of "EEG FP1-REF": \[object Uint16Array\]/,
  ],
  "no record": [spec({ signals: [signal({ samples: new Int16Array(0) })] }), /no-records/],
  "no signal in plain EDF": [spec({ signals: [] }, "EDF"), /signal count "0" found/],
  "a gap declared EDF+C": [spec({ recordStartSeconds: (record) => 4.5 * record }), /discontinuity/],
  "records that overlap": [spec({ recordStartSeconds: (record) => 0.5 * record }, "EDF+D"), /record-overlap/],
  "an annotation before the recording": [
    spec({ annotations: [{ onsetSeconds: -1, text: "a" }] }),
    /annotation-outside/,
  ],
  "an annotation past the end": [spec({ annotations: [{ onsetSeconds: 1e9, text: "a" }] }), /annotation-outside/],
  "an annotation at NaN": [spec({ annotations: [{ onsetSeconds: Number.NaN, text: "a" }] }), /annotation time: NaN/],
  "a negative duration of an annotation": [
    spec({ annotations: [{ onsetSeconds: 1, durationSeconds: -1, text: "a" }] }),
    /annotation time: -1/,
  ],
  "an empty annotation": [spec({ annotations: [{ onsetSeconds: 1, text: "" }] }), /would read back differently/],
  "an annotation with a half of a pair": [
    spec({ annotations: [{ onsetSeconds: 1, text: "\ud800" }] }),
    /annotation text/,
  ],
  "an annotation with a byte order mark": [spec({ annotations: [{ onsetSeconds: 1, text: "\ufeffa" }] }), /read back/],
};
for (const mark of ["\0", "\x14", "\x15", "\x1b[2J"])
  REFUSED[`an annotation with ${JSON.stringify(mark)}`] = [
    spec({ annotations: [{ onsetSeconds: 1, text: `a${mark}b` }] }),
    /invalid annotation text/,
  ];

for (const [name, [refused, message]] of Object.entries(REFUSED))
  test(`encodeEdf refuses ${name}`, () => {
    assert.throws(
      () => encodeEdf(refused),
      (error) => error instanceof RangeError && message.test(error.message),
    );
  });

test("a diagnostic named in accept is written, others are not", async () => {
  const flat = { signals: [signal({ physicalMin: 0, physicalMax: 0 })] };
  const bytes = encodeEdf(spec({ ...flat, accept: ["flat-physical-range"] }));
  const { diagnostics } = await readEdfInfo(bytesSource("x", bytes));
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["flat-physical-range"],
  );
  assert.throws(() => encodeEdf(spec({ ...flat, accept: ["zero-duration"] })), /flat-physical-range/);
});

test("writeEdf and the block writer refuse the same before a file exists, and count records", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-written-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "a.edf");
  for (const [refused, message] of [REFUSED["duration 0 with a signal"]!, REFUSED["a gap declared EDF+C"]!]) {
    await assert.rejects(writeEdf(path, refused), message);
    await assert.rejects(openEdfWriter(path, { ...refused, recordCount: 2 }), message);
  }
  const wide = signal({ samples: new Int32Array(20).fill(40000) });
  await assert.rejects(writeEdf(path, spec({ signals: [wide] })), /sample 0 is 40000/);
  for (const recordCount of [-1, 0.5, Number.NaN])
    await assert.rejects(openEdfWriter(path, { ...spec(), recordCount }), /invalid recordCount/);
  await assert.rejects(
    openEdfWriter(path, { ...spec({}, "EDF"), recordCount: 1e8 }),
    /9 characters, the field holds 8/,
  );
  const writer = await openEdfWriter(path, { ...spec(), recordCount: 2 });
  await writer.writeRecords([new Int16Array(10)]);
  await assert.rejects(writer.writeRecords([Float32Array.of(0, 0, 0, 500, 0, 0, 0, 0, 0, 0)]), /sample 13 is 500/);
  await writer.abort();
  assert.deepEqual(await readdir(folder), []);
});

/** A spec with random values, right and wrong ones. */
function drawnSpec(draw: (bound: number) => number): EdfSpec {
  const pick = <T>(values: readonly T[]): T => values[draw(values.length)]!;
  const rarely = <T>(value: T, otherwise: T): T => (draw(40) === 0 ? value : otherwise);
  const kind = pick(["EDF", "EDF+C", "EDF+D", "BDF", "BDF+C", "BDF+D"] as const);
  const records = 1 + draw(4);
  const half = kind.startsWith("BDF") ? 8388608 : 32768;
  const recordDurationSeconds = pick([1, 0.5, 2, 0.1, 10, 0.25, rarely(1 / 3, 1), rarely(0, 1), 1.024]);
  const gap = rarely(pick([3, -0.5]), 0);
  const signals = Array.from({ length: 1 + draw(3) }, (_, s): EdfSignalData => {
    const samplesPerRecord = 1 + draw(9);
    const digitalMin = -pick([half, half - 1, 100, 0, rarely(1e9, 5), rarely(0.5, 7)]);
    const digitalMax = pick([half - 1, 100, 1, rarely(digitalMin, 9), rarely(half, 11)]);
    const [low, high] = [Math.ceil(digitalMin), Math.floor(digitalMax)];
    const count = records * samplesPerRecord + rarely(1, 0);
    const values = Array.from({ length: count }, () => low + draw(Math.max(1, high - low + 1)) + rarely(half, 0));
    return {
      label: pick([`S${s}`, `EEG C${s}-REF`, rarely("EEG C0-REF", `X${s}`), rarely("bad\n", `Y${s}`)]),
      unit: pick(["uV", "mV", rarely("%", "V")]),
      physicalMin: pick([-100, -3276.8, -187.55, 5, rarely(-1e-9, -0.125), rarely(-123.456789, 1), 500]),
      physicalMax: pick([100, 3276.7, 0.5, rarely(Number.NaN, 20), rarely(5, 77.125)]),
      ...{ digitalMin, digitalMax, samplesPerRecord },
      samples: Int32Array.from(values),
    };
  });
  const length = records * recordDurationSeconds;
  const annotations = Array.from({ length: kind.includes("+") ? draw(4) : rarely(1, 0) }, () => ({
    onsetSeconds: Math.round(draw(1000) * length) / 1000 + rarely(length + 1, 0),
    ...(draw(2) ? { durationSeconds: draw(20) / 16 } : {}),
    text: pick(["Anfall µ", "line\nfeed", "中文", rarely("", "x"), rarely("a\x14", "y")]),
  }));
  const year = pick([1985, 1999, 2020, 2084, rarely(2090, 2001), rarely(1984, 2002)]);
  return {
    ...{ kind, recordDurationSeconds, signals, annotations },
    startDate: new Date(Date.UTC(year, draw(12), 2 + draw(27), draw(24), draw(60), draw(60))),
    recordStartSeconds: (record) => record * recordDurationSeconds + (record > 1 ? gap : 0),
  };
}

/** Written all the same, the refused file shows the fault to our reader; some refusals leave nothing to write. */
async function seesFault(refused: EdfSpec, code: string | undefined): Promise<void> {
  if (code === undefined) return;
  let bytes: Uint8Array;
  try {
    bytes = encodeEdf({ ...refused, accept: [code as DiagnosticCode], clip: true }); // the message names a code
  } catch {
    return; // it has other faults besides
  }
  const { diagnostics } = await readEdfInfo(bytesSource("x", bytes));
  assert.ok(diagnostics.some((found) => found.code === code));
}

test("whatever encodeEdf writes reads back equal without an error or warning, and whatever it refuses has one", async () => {
  const random = createRandom(5, "written");
  let counter = 0;
  const draw = (bound: number) => random.integer(counter++, bound);
  let written = 0;
  const refusals = new Set<string>();
  for (let i = 0; i < 600; i++) {
    const drawn = drawnSpec(draw);
    let bytes: Uint8Array;
    try {
      bytes = encodeEdf(drawn);
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
      refusals.add(error.message.slice(0, 24));
      await seesFault(drawn, /\(([a-z-]+)\)/.exec(error.message)?.[1]);
      continue;
    }
    written += 1;
    const source = bytesSource("x", bytes);
    const header = await readEdfHeader(source);
    const { diagnostics } = await readEdfInfo(source);
    const faults = diagnostics.filter(({ severity, code }) => severity !== "info" && code !== "mixed-electrode-rates");
    assert.deepEqual(faults, []);
    assert.equal(`${header.startDateTime}.000Z`, (drawn.startDate as Date).toISOString());
    assert.deepEqual([header.kind, header.recordDurationSeconds], [drawn.kind, drawn.recordDurationSeconds]);
    const read: number[][] = drawn.signals.map(() => []);
    const signals = drawn.signals.map((_, s) => s);
    for await (const { samples } of readEdfBlocks(source, header, { signals, gaps: "split" }))
      for (const s of signals) read[s]!.push(...samples[s]!);
    for (const [s, { samples, label, unit }] of drawn.signals.entries()) {
      const found = header.signals[s]!;
      assert.deepEqual([found.label, found.unit], [label, unit]);
      const { gain, offset } = scalingOf(found);
      const factor = { uV: 1, mV: 1e3, V: 1e6 }[unit!] ?? 1;
      assert.deepEqual(read[s], [...Float32Array.from(samples, (value) => gain * (offset + value) * factor)]);
    }
    const { annotations } = await readEdfAnnotations(source, header);
    const sorted = [...(drawn.annotations ?? [])].sort((a, b) => a.onsetSeconds - b.onsetSeconds);
    assert.deepEqual(annotations, sorted);
  }
  assert.ok(written > 150 && refusals.size > 8, `${written} written, ${[...refusals].join("; ")}`);
});
