import assert from "node:assert/strict";
import { test } from "node:test";
import { lineLength } from "../../src/dataset/line-length.js";
import type { WindowReader } from "../../src/dataset/window-reader.js";

/** A reader of one recording of two channels, made by a formula; zero outside. */
function readerOf(sampleCount: number, valueAt: (channel: number, i: number) => number): WindowReader {
  return {
    manifest: { sampleRateHz: 4, recordings: [{ sampleCount }] },
    channelCount: 2,
    readInto: async (out: Float32Array, _recording: number, start: number, count: number) => {
      for (let k = 0; k < 2; k++)
        for (let i = 0; i < count; i++) {
          const at = start + i;
          out[k * count + i] = at < sampleCount ? valueAt(k, at) : 0;
        }
    },
  } as unknown as WindowReader;
}

test("lineLength is the mean over channels of summed absolute differences per second, across stretches too", async () => {
  const reader = readerOf(4 * 130, (channel, i) => (channel === 0 ? i % 2 : 0));
  const values = await lineLength(reader, 0, { smoothSeconds: 1 });
  assert.equal(values.length, 130);
  assert.ok(
    values.subarray(0, 129).every((value) => value === 2),
    "four changes of 1 in one of two channels",
  );
  assert.equal(values[129], 1.5); // the last sample has no next one
});

test("lineLength smooths over a centred window that is shorter at the ends", async () => {
  const reader = readerOf(40, (_, i) => (i >= 16 && i < 20 ? i % 2 : 0));
  const raw = await lineLength(reader, 0, { smoothSeconds: 1 });
  const smooth = await lineLength(reader, 0, { smoothSeconds: 4 });
  assert.equal(smooth[0], (raw[0]! + raw[1]!) / 2);
  assert.equal(smooth[4], (raw[2]! + raw[3]! + raw[4]! + raw[5]!) / 4);
});

test("lineLength of a band follows what lies in it, whatever is above, across stretches too", async () => {
  const wave = (hertz: number, height: number) => (i: number) => height * Math.sin((2 * Math.PI * hertz * i) / 4);
  const [slow, fast] = [wave(0.2, 1), wave(1.7, 50)];
  const bandHz = [0.05, 0.5] as const;
  const of = (valueAt: (i: number) => number, band?: readonly [number, number]) =>
    lineLength(
      readerOf(4 * 200, (_, i) => valueAt(i)),
      0,
      { smoothSeconds: 20, ...(band && { bandHz: band }) },
    );
  const [both, alone] = [await of((i) => slow(i) + fast(i), bandHz), await of(slow, bandHz)];
  assert.ok((await of((i) => slow(i) + fast(i)))[100]! > 50 * (await of(slow))[100]!);
  for (const at of [50, 59, 60, 61, 119, 121, 180]) assert.ok(Math.abs(both[at]! / alone[at]! - 1) < 0.3, `${at} s`);
});
