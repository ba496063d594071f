import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { encodeDeltas } from "../../src/base/delta-code.js";
import { createStreamingResampler } from "../../src/dataset/streaming-resampler.js";
import { readViewSignals, viewBytesOf } from "../../src/dataset/view-signals.js";
import { bytesSource } from "../../src/recording/byte-source.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { type EdfSpec, encodeEdf } from "../../src/recording/edf-writer.js";
import { resamplePolyphase } from "../../src/signal/resampler.js";

const noise = (count: number, seed: number) => {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 60 * (state / 2 ** 32 - 0.5);
  });
};

const RANGE = { unit: "uV", physicalMin: -3276.8, physicalMax: 3276.7 };
const signal = (label: string, samplesPerRecord: number, samples: Float32Array) => ({
  label,
  ...RANGE,
  samplesPerRecord,
  samples,
});

async function view(spec: Partial<EdfSpec> & Pick<EdfSpec, "signals">, maxBytes?: number) {
  const source = bytesSource("a.edf", encodeEdf({ kind: "EDF", recordDurationSeconds: 1, ...spec }));
  return readViewSignals(source, await readEdfHeader(source), maxBytes === undefined ? {} : { maxBytes });
}

test("createStreamingResampler gives the values of resamplePolyphase however the stream is cut", () => {
  for (const [up, down] of [
    [64, 125],
    [16, 25],
    [128, 125],
    [1, 2],
    [1, 1],
  ] as const) {
    const rows = [noise(40_003, 3), noise(40_003, 4)];
    const expected = resamplePolyphase(rows, up, down);
    const change = createStreamingResampler(2, up, down);
    const parts: Float32Array[][] = [];
    for (let at = 0; at < 40_003; at += 7001) parts.push(change.push(rows.map((row) => row.subarray(at, at + 7001))));
    parts.push(change.flush());
    for (const c of [0, 1]) {
      const whole = parts.flatMap((part) => [...part[c]!]);
      assert.equal(whole.length, expected[c]!.length);
      const worst = whole.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[c]![i]!)), 0);
      assert.ok(worst < 1e-4, `${up}/${down}: ${worst}`);
    }
  }
});

test("readViewSignals keeps electrodes and the ECG of the usual rate, to half a step, its offset taken off", async () => {
  const c3 = noise(20 * 200, 1).map((value) => value + 500);
  const shown = await view({
    signals: [
      signal("EEG C3-REF", 200, c3),
      signal("EEG C4-REF", 200, noise(4000, 2)),
      signal("EEG EKG1-REF", 200, noise(4000, 3)),
      signal("EEG T3-REF", 100, noise(2000, 4)),
      signal("IBI", 1, new Float32Array(20)),
    ],
  });
  assert.deepEqual(shown.channels, [
    { name: "C3", kind: "electrode" },
    { name: "C4", kind: "electrode" },
    { name: "EKG1", kind: "heart" },
  ]);
  assert.deepEqual(shown.excluded, ["EEG T3-REF (100 Hz)", "IBI (1 Hz)"]);
  assert.deepEqual(
    [shown.sampleRateHz, shown.recordedRateHz, shown.sampleCount, shown.durationSeconds],
    [200, 200, 4000, 20],
  );
  const offset = c3.subarray(0, 200).reduce((sum, value) => sum + value, 0) / 200;
  for (let i = 0; i < 4000; i++) {
    const value = shown.stepMicrovolts * shown.samples[i]! + offset;
    assert.ok(Math.abs(value - c3[i]!) <= shown.stepMicrovolts / 2 + 0.06, `sample ${i}`); // 0.05 µV is the file's own step
  }
});

test("the page's rate and step follow from the room there is, down to the coarsest", async () => {
  const signals = [signal("EEG C3-REF", 256, noise(256 * 60, 1)), signal("EEG C4-REF", 256, noise(256 * 60, 2))];
  const fidelity = async (maxBytes: number) => {
    const { sampleRateHz, stepMicrovolts } = await view({ signals }, maxBytes);
    return [sampleRateHz, stepMicrovolts];
  };
  assert.deepEqual(await fidelity(1e6), [256, 0.5]);
  const [rate, step] = await fidelity(15_000);
  assert.ok(rate! < 200 && step! >= 1, `${rate} Hz, ${step} µV`);
  assert.deepEqual(await fidelity(10), [64, 8]);
});

test("the size of a recording of one piece is known exactly: the finest page that takes it is chosen", async () => {
  const spec = { signals: [signal("EEG C3-REF", 256, noise(8 * 256, 7))] };
  const finest = await view(spec, Number.POSITIVE_INFINITY);
  const size = (deflateSync(encodeDeltas(finest.samples)).length * 4) / 3;
  const step = async (maxBytes: number) => (await view(spec, maxBytes)).stepMicrovolts;
  assert.deepEqual([await step(size + 0.1), await step(size - 0.1)], [0.5, 1]);
});

test("a signal beyond the step's range gets a larger step, not a clipped top", async () => {
  const wide = {
    label: "EEG C3-REF",
    unit: "mV",
    physicalMin: -400,
    physicalMax: 400,
    samplesPerRecord: 100,
    samples: Float32Array.from({ length: 1000 }, (_, i) => (i < 500 ? 0 : 300)),
  };
  const shown = await view({ signals: [wide] });
  assert.ok(Math.abs(shown.stepMicrovolts * shown.samples[999]! - 300_000) < shown.stepMicrovolts + 13);
});

test("gaps of an EDF+D file keep their time and are told", async () => {
  const shown = await view({
    kind: "EDF+D",
    recordStartSeconds: (record) => (record < 3 ? record : record + 4),
    signals: [signal("EEG C3-REF", 100, noise(600, 1))],
  });
  assert.deepEqual(shown.gaps, [{ startSeconds: 3, endSeconds: 7 }]);
  assert.equal(shown.durationSeconds, 10);
  assert.ok(shown.samples.subarray(300, 700).every((value) => value === 0));
  assert.ok(shown.samples.subarray(700).some((value) => value !== 0));
});

test("a file without electrodes shows its voltages; one without either is refused by name", async () => {
  const { channels } = await view({
    signals: [signal("FP1-F7", 100, noise(1000, 1)), { ...signal("TEMP", 100, noise(1000, 2)), unit: "degC" }],
  });
  assert.deepEqual(channels, [{ name: "FP1-F7", kind: "other" }]);
  await assert.rejects(
    view({ signals: [{ ...signal("TEMP", 100, noise(1000, 2)), unit: "degC" }] }),
    /a\.edf: no signal that a page could show among 1/,
  );
});

test("a page may take 4.6 MB per hour of the recording, and that much for a shorter one", () => {
  assert.deepEqual([60, 3600, 5400, 7200].map(viewBytesOf), [4.6e6, 4.6e6, 6.9e6, 9.2e6]);
});
