import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bytesSource } from "../../src/recording/byte-source.js";
import { deidentifyEdf } from "../../src/recording/edf-deidentify.js";
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

test("deidentifyEdf blanks who and when, keeps the EDF+ structure and every sample, and says what it changed", async (t) => {
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
    const report = await deidentifyEdf(input, output);
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
    assert.equal(report.kept.length, kind.includes("+") ? 1 : 0);
    const [old, now] = await Promise.all(
      [before, after].map((bytes) => readEdfInfo(bytesSource("x", bytes), { digitalSums: true })),
    );
    assert.deepEqual(now!.signals, old!.signals);
    assert.deepEqual(
      (await deidentifyEdf(output, join(folder, "again.edf"))).changed,
      [],
      "a second pass changes nothing",
    );
  }
});

test("deidentifyEdf leaves no file behind when the input is no recording, and refuses to write over it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-deid-"));
  t.after(() => rm(folder, { recursive: true }));
  const input = join(folder, "in.edf");
  await writeFile(input, "no recording");
  await assert.rejects(deidentifyEdf(input, join(folder, "out.edf")), { tag: "FormatError" });
  await assert.rejects(deidentifyEdf(input, join(folder, ".", "in.edf")), /is the input; give another path/);
  await assert.rejects(deidentifyEdf(join(folder, "none.edf"), input), { tag: "NotFoundError" });
  assert.deepEqual(await readdir(folder), ["in.edf"]);
});
