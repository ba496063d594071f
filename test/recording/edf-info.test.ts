import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesSource, fileSource } from "../../src/recording/byte-source.js";
import { type EdfInfo, readEdfInfo } from "../../src/recording/edf-info.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { lacksSharedData, sharedJson, sharedPath } from "./shared-data.js";

interface ExpectedSignal {
  label: string;
  dim: string;
  n?: number;
  samplesPerRecord: number;
  minDigital: number;
  maxDigital: number;
  sumDigital: number;
}

interface Expected {
  error?: string;
  patient: string;
  records: string;
  recordsInFile: number;
  recordsRead: number;
  recordDuration: string;
  signal: ExpectedSignal[];
  mne: { annotations?: [number, number, string][]; sfreq?: number; error?: string };
}

const expected = lacksSharedData ? {} : (sharedJson("expected.json") as Record<string, Expected>);

async function infoOfFile(name: string): Promise<EdfInfo> {
  const source = await fileSource(sharedPath(name));
  try {
    return await readEdfInfo(source, { digitalSums: true });
  } finally {
    await source.close?.();
  }
}

for (const [name, file] of Object.entries(expected)) {
  test(`readEdfInfo agrees with the independent reader on ${name}`, async () => {
    if (file.error) {
      await assert.rejects(infoOfFile(name), { tag: "FormatError" });
      return;
    }
    const info = await infoOfFile(name);
    assert.equal(info.recordsFound, file.recordsInFile);
    assert.equal(info.recordsInHeader, Number(file.records));
    assert.equal(info.recordDurationSeconds, Number(file.recordDuration));
    assert.equal(info.patientFieldPresent, file.patient !== "");
    assert.deepEqual(
      info.signals.map(({ label, unit }) => [label, unit]),
      file.signal.map(({ label, dim }) => [label, dim]),
    );
    for (const [i, { digital, sampleCount }] of info.signals.entries()) {
      const signal = file.signal[i]!;
      assert.equal(sampleCount, signal.samplesPerRecord * file.recordsInFile);
      if (signal.n === undefined || file.recordsRead !== file.recordsInFile) continue;
      const { minDigital: min, maxDigital: max, sumDigital: sum } = signal;
      assert.deepEqual(digital, { count: signal.n, min, max, sum }, signal.label);
    }
  });
}

test("readEdfInfo reads surplus records that the header does not count, with the sums of the valid file", {
  skip: lacksSharedData,
}, async () => {
  const base = await infoOfFile("synthetic/faults/base.edf");
  for (const name of ["records-too-few", "records-zero-with-data", "records-minus-one"]) {
    const info = await infoOfFile(`synthetic/faults/${name}.edf`);
    assert.deepEqual(info.signals, base.signals, name);
    assert.equal(info.durationSeconds, 4);
  }
});

const FAULTS: Record<string, [code: string, severity: string][]> = {
  "base.edf": [],
  "colon-date.edf": [["start-date-separator", "warning"]],
  "records-minus-one.edf": [["record-count-unknown", "warning"]],
  "records-too-few.edf": [["record-count-surplus", "warning"]],
  "records-zero-with-data.edf": [["record-count-surplus", "warning"]],
  "plus-without-annotations.edf": [["plus-without-annotations", "warning"]],
  "non-ascii-patient.edf": [["non-ascii", "warning"]],
  "comma-decimal.edf": [["comma-decimal", "warning"]],
  "flat-physical.edf": [["flat-physical-range", "error"]],
  "flat-digital.edf": [["flat-digital-range", "error"]],
  "inverted-digital.edf": [["inverted-digital-range", "warning"]],
  "blank-digital.edf": [["range-unreadable", "error"]],
  "zero-duration-with-data.edf": [["zero-duration", "error"]],
};

test("each damaged file is read with the one diagnostic that names its damage", { skip: lacksSharedData }, async () => {
  for (const [name, codes] of Object.entries(FAULTS)) {
    const { diagnostics } = await infoOfFile(`synthetic/faults/${name}`);
    assert.deepEqual(
      diagnostics.map(({ code, severity }) => [code, severity]),
      codes,
      name,
    );
  }
});

test("readEdfInfo never repeats text of the patient and recording fields", async () => {
  const bytes = encodeEdf({
    kind: "EDF",
    patient: "MRN-4711 F 02-MAY-1951 Jane_D\xf6e",
    recording: "Dr. Secret \xe9",
    accept: ["non-ascii"],
    recordDurationSeconds: 1,
    signals: [{ label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 2, samples: new Int16Array(4) }],
  });
  const info = await readEdfInfo(bytesSource("x.edf", bytes), { digitalSums: true });
  assert.equal(info.patientFieldPresent, true);
  assert.deepEqual(
    info.diagnostics.map(({ code }) => code),
    ["non-ascii"],
  );
  assert.doesNotMatch(JSON.stringify(info), /4711|Jane|1951|Secret/);
});

test("digital sums appear only on request and never for annotation signals", async () => {
  const spec = {
    kind: "EDF+C" as const,
    recordDurationSeconds: 1,
    signals: [
      { label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 2, samples: Int16Array.of(5, -7, 9, 1) },
    ],
    annotations: [{ onsetSeconds: 0.5, text: "a" }],
  };
  const source = bytesSource("x.edf", encodeEdf(spec));
  const plain = await readEdfInfo(source);
  assert.ok(plain.signals.every(({ digital }) => digital === undefined));
  assert.equal(plain.annotationCount, 1);
  const withSums = await readEdfInfo(source, { digitalSums: true });
  assert.deepEqual(
    withSums.signals.map(({ digital }) => digital),
    [{ count: 4, min: -7, max: 9, sum: 8 }, undefined],
  );
  assert.deepEqual(withSums.segments, [{ startSeconds: 0, endSeconds: 2, startRecord: 0, recordCount: 2 }]);
});
