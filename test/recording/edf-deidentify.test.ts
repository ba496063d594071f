import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bytesSource } from "../../src/recording/byte-source.js";
import { readEdfAnnotations } from "../../src/recording/edf-annotations.js";
import { deidentifyEdf } from "../../src/recording/edf-deidentify.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { readEdfInfo } from "../../src/recording/edf-info.js";
import type { EdfKind } from "../../src/recording/edf-spec.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";

const recording = (kind: EdfKind, patient: string, technician: string) =>
  encodeEdf({
    kind,
    patient,
    recording: technician,
    startDate: "17.05.11",
    recordDurationSeconds: 1,
    signals: [
      { label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 2, samples: Int16Array.of(1, 2, 3, 4) },
    ],
    annotations: kind.includes("+") ? [{ onsetSeconds: 1, text: "note" }] : [],
  });

test("deidentifyEdf blanks identity and date, keeps the EDF+ structure and every sample, and reports what it changed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-deid-"));
  t.after(() => rm(folder, { recursive: true }));
  const cases: [EdfKind, string, string, string, string][] = [
    [
      "EDF+C",
      "MRN-1 F 02-MAY-1951 Jane_Doe",
      "Startdate 17-MAY-2011 EEG7 Dr_Who Nihon",
      "X X X X",
      "Startdate X X X X",
    ],
    ["BDF+C", "MRN-1 F 02-MAY-1951 Jane_Doe", "anything", "X X X X", "Startdate X X X X"],
    ["EDF", "Jane Doe", "ward 3", "", ""],
    ["EDF", "MRN-1 F 02-MAY-1951 Jane_Doe", "Startdate 17-MAY-2011 a b c", "X X X X", "Startdate X X X X"],
  ];
  for (const [kind, patient, technician, patientAfter, recordingAfter] of cases) {
    const before = recording(kind, patient, technician);
    const input = join(folder, "in.edf");
    const output = join(folder, "out.edf");
    await writeFile(input, before);
    const report = await deidentifyEdf(input, output, { annotations: "keep" });
    const after = await readFile(output);
    assert.equal(after.toString("latin1", 8, 88).trimEnd(), patientAfter);
    assert.equal(after.toString("latin1", 88, 168).trimEnd(), recordingAfter);
    assert.equal(after.toString("latin1", 168, 176), "01.01.85");
    assert.deepEqual(after.subarray(176), Buffer.from(before.subarray(176)), "all bytes behind the date stay");
    assert.deepEqual(
      report.changed.map(({ field, byteOffset }) => [field, byteOffset]),
      [
        ["patient", 8],
        ["recording", 88],
        ["startDate", 168],
      ],
    );
    assert.doesNotMatch(JSON.stringify(report), /Jane|MRN|1951|ward|Who/);
    assert.equal(
      report.kept.some((text) => text.startsWith("all annotation texts, as requested")),
      kind.includes("+"),
    );
    const [old, now] = await Promise.all(
      [before, after].map((bytes) => readEdfInfo(bytesSource("x", bytes), { digitalSums: true })),
    );
    assert.deepEqual(now!.signals, old!.signals);
    const again = await deidentifyEdf(output, join(folder, "again.edf"), { annotations: "keep" });
    assert.deepEqual([again.changed, again.droppedBytes], [[], 0], "a second pass changes nothing");
  }
});

/** A name in every place of a file that can hold one, and bytes behind its last record. */
function leftovers(): Buffer {
  const physical = { physicalMin: -1, physicalMax: 1, samplesPerRecord: 2, samples: Int16Array.of(1, 2, 3, 4) };
  const bytes = Buffer.from(
    encodeEdf({
      kind: "EDF+C",
      recordDurationSeconds: 1,
      signals: [
        { label: "C3", transducer: "AgAgCl electrode", prefilter: "HP:0.1Hz LP:75Hz N:50Hz", ...physical },
        { label: "C4", transducer: "cap of J. DOE", prefilter: "HP:0.1Hz, asked by DOE", unit: "mV", ...physical },
        { label: "Jane", transducer: "12/05/1961", prefilter: "0.1-75Hz Doe", unit: "DOE", ...physical },
      ],
      annotations: [
        { onsetSeconds: 0.5, durationSeconds: 0.25, text: "seiz" },
        { onsetSeconds: 1, text: "Jane Doe called" },
        { onsetSeconds: 1.5, text: "Eyes open" },
      ],
    }),
  );
  const put = (offset: number, text: string) => bytes.write(text, offset, "latin1");
  put(192, "EDF+C Name: DOE, JANE 12-MAY-1961");
  put(176, "DOE JANE");
  put(256 + 4 * 224 + 32, "ward 7, J. DOE");
  const time = bytes.indexOf("+1\x14\x14"); // the second record's
  const padding = bytes.indexOf("\0\0\0\0", time);
  put(padding + 8, "Doe beside the lists");
  return Buffer.concat([bytes, Buffer.from("behind the end: DOE")]);
}

test("deidentifyEdf blanks every text that is not known to be harmless, wherever it stands, and lists what it keeps", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-deid-"));
  t.after(() => rm(folder, { recursive: true }));
  const [input, output] = [join(folder, "in.edf"), join(folder, "out.edf")];
  const before = leftovers();
  await writeFile(input, before);
  const report = await deidentifyEdf(input, output);
  const after = await readFile(output);
  assert.doesNotMatch(after.toString("latin1"), /doe|jane|1961|ward|called|behind/i);
  assert.deepEqual([report.annotations, report.droppedBytes], [{ kept: 2, blanked: 1, dropped: 1 }, 19]);
  assert.deepEqual(
    report.changed.map(({ field, signal }) => (signal === undefined ? field : `${field} ${signal}`)),
    [
      "startTime",
      "reserved",
      "transducer 1",
      "transducer 2",
      "unit 2",
      "prefilter 1",
      "prefilter 2",
      "signalReserved 1",
      "label 2",
    ],
  );
  assert.doesNotMatch(JSON.stringify(report), /doe|jane/i);
  assert.deepEqual(report.kept, [
    "the time of day of the start, without its date",
    'reserved: the kind of file, "EDF+C"',
    'transducer: known terms, "AgAgCl electrode"',
    'unit: units of measure, "uV", "mV"',
    'prefilter: filter settings, "HP:0.1Hz LP:75Hz N:50Hz"',
    "label: 3 that name electrodes or known types of signal",
    "2 annotation texts that are labels or standard texts of EDF+",
  ]);
  const source = bytesSource("out.edf", after);
  const header = await readEdfHeader(source);
  const { annotations, diagnostics } = await readEdfAnnotations(source, header);
  assert.deepEqual(annotations, [
    { onsetSeconds: 0.5, durationSeconds: 0.25, text: "seiz" },
    { onsetSeconds: 1, text: "X" },
    { onsetSeconds: 1.5, text: "Eyes open" },
  ]);
  assert.deepEqual([...header.diagnostics, ...diagnostics], []);
  assert.equal(header.signals[2]!.label, "signal 3");
  const sums = async (bytes: Buffer) =>
    (await readEdfInfo(bytesSource("x", bytes), { digitalSums: true })).signals.map(({ digital }) => digital);
  assert.deepEqual(await sums(after), await sums(before));
  const again = await deidentifyEdf(output, join(folder, "again.edf"));
  assert.deepEqual([again.changed, again.annotations], [[], { kept: 3, blanked: 0, dropped: 0 }]);
});

test("deidentifyEdf keeps labels and annotations of unknown type on request, and lists them", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-deid-"));
  t.after(() => rm(folder, { recursive: true }));
  const [input, output] = [join(folder, "in.edf"), join(folder, "out.edf")];
  await writeFile(input, leftovers());
  const report = await deidentifyEdf(input, output, { labels: "keep", annotations: "keep" });
  assert.deepEqual(report.kept.slice(-2), [
    'label: "Jane", of unknown type; check that they name no person',
    "all annotation texts, as requested: they can identify people",
  ]);
  assert.equal(report.changed.filter(({ field }) => field === "label").length, 0);
  await assert.rejects(deidentifyEdf(input, output, { labels: "shred" as "keep" }), /invalid labels: shred/);
});

test("deidentifyEdf drops annotations on request and refuses an unknown rule", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-deid-"));
  t.after(() => rm(folder, { recursive: true }));
  const [input, output] = [join(folder, "in.edf"), join(folder, "out.edf")];
  await writeFile(input, leftovers());
  const report = await deidentifyEdf(input, output, { annotations: "drop" });
  assert.deepEqual(report.annotations, { kept: 0, blanked: 0, dropped: 4 });
  const source = bytesSource("out.edf", await readFile(output));
  const found = await readEdfAnnotations(source, await readEdfHeader(source));
  assert.deepEqual([found.annotations, found.segments.length], [[], 1]);
  await assert.rejects(deidentifyEdf(input, output, { annotations: "shred" as "drop" }), /invalid annotations: shred/);
});

test("no diagnostic and no error of a header quotes text that could name a person", async () => {
  const whole = leftovers();
  const field = (signal: number, offset: number, width: number) => 256 + 4 * offset + width * signal;
  const places = [
    184,
    236,
    244,
    252,
    field(1, 104, 8),
    field(1, 112, 8),
    field(1, 120, 8),
    field(1, 128, 8),
    field(1, 216, 8),
  ];
  for (const place of places) {
    const bytes = Buffer.from(whole);
    bytes.write("DOE", place, "latin1");
    const reported = await readEdfInfo(bytesSource("x.edf", bytes)).then(
      (info) => JSON.stringify({ ...info, signals: info.signals.map(({ prefilter }) => prefilter) }),
      (error: Error) => error.message,
    );
    assert.doesNotMatch(reported, /doe|1961/i, `byte ${place}`);
  }
});

test("deidentifyEdf leaves no file when the input is not a recording, and refuses to overwrite the input", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-deid-"));
  t.after(() => rm(folder, { recursive: true }));
  const input = join(folder, "in.edf");
  await writeFile(input, "no recording");
  await assert.rejects(deidentifyEdf(input, join(folder, "out.edf")), { tag: "FormatError" });
  await assert.rejects(deidentifyEdf(input, join(folder, ".", "in.edf")), /is the input; give another path/);
  await assert.rejects(deidentifyEdf(join(folder, "none.edf"), input), { tag: "NotFoundError" });
  assert.deepEqual(await readdir(folder), ["in.edf"]);
});
