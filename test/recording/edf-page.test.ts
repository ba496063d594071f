import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesSource } from "../../src/recording/byte-source.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { readEdfPage } from "../../src/recording/edf-page.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";

const ramp = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => 100 + step * (i % 2));
const signal = (label: string, samplesPerRecord: number, step: number) => ({
  ...{ label, unit: "uV", physicalMin: -3276.8, physicalMax: 3276.7, samplesPerRecord },
  samples: ramp(20 * samplesPerRecord, step),
});
const bytes = encodeEdf({
  kind: "EDF",
  recordDurationSeconds: 1,
  signals: [signal("EEG C4-REF", 8, 2), signal("IBI", 1, 0), signal("EEG C3-REF", 8, 4), signal("EEG T3-REF", 2, 4)],
});

test("readEdfPage reads only the records of the time range, in the requested order, each channel's mean subtracted", async () => {
  const ranges: [number, number][] = [];
  const inner = bytesSource("folder/a.edf", bytes);
  const read = (start: number, end: number) => {
    ranges.push([start, end]);
    return inner.read(start, end);
  };
  const source = { ...inner, read };
  const header = await readEdfHeader(inner);
  const page = await readEdfPage(source, header, {
    ...{ startSeconds: 5.5, durationSeconds: 2, electrodes: ["C3", "CZ", "C4", "T3"] },
  });
  assert.deepEqual(page.channels, ["C3", "C4"]); // CZ is not there, T3 has another rate
  assert.deepEqual([page.startSeconds, page.sampleRateHz, page.samples.length], [5, 8, 2 * 24]);
  assert.ok(Math.abs(page.samples[0]! + 2) < 0.06 && Math.abs(page.samples[25]! - 1) < 0.06);
  assert.ok(Math.abs(page.amplitude - 1.5) < 0.06);
  assert.ok(Math.min(...ranges.map(([start]) => start)) >= header.headerBytes + 5 * header.recordBytes);
  assert.ok(Math.max(...ranges.map(([, end]) => end)) <= header.headerBytes + 8 * header.recordBytes);
});

test("readEdfPage refuses a time range outside the recording and electrodes that the file lacks", async () => {
  const source = bytesSource("a.edf", bytes);
  const header = await readEdfHeader(source);
  await assert.rejects(readEdfPage(source, header, { startSeconds: 20 }), RangeError);
  await assert.rejects(readEdfPage(source, header, { startSeconds: -1 }), RangeError);
  await assert.rejects(readEdfPage(source, header, { electrodes: ["FZ"] }), RangeError);
});
