import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrameHeader, encodeFrames, type FrameBlock, readFrames } from "../../src/cli/stream-frames.js";
import { parseAddress } from "../../src/cli/stream-input.js";

const HEADER = { format: "ictal-stream", version: 1, channels: ["Fp1", "Fp2"], sampleRateHz: 4, unit: "mV" } as const;
const { NaN: none } = Number;

async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
}

async function blocksOf(bytes: Uint8Array, length: number): Promise<FrameBlock[]> {
  const blocks: FrameBlock[] = [];
  for await (const block of (await readFrames(cut(bytes, length), "test")).blocks()) blocks.push(block);
  return blocks;
}

const stream = (...channels: number[][]) =>
  Buffer.concat([encodeFrameHeader(HEADER), encodeFrames(channels.map((row) => Float32Array.from(row)))]);

test("frames arrive as they were sent, in microvolts, however the bytes are cut", async () => {
  const bytes = stream([1, 2, 3, 4, 5], [-1, -2, -3, -4, -5]);
  for (const length of [1, 7, 8, 64, bytes.length]) {
    const blocks = await blocksOf(bytes, length);
    const rows = [0, 1].map((channel) => blocks.flatMap(({ samples }) => [...samples[channel]!]));
    assert.deepEqual(rows, [
      [1000, 2000, 3000, 4000, 5000],
      [-1000, -2000, -3000, -4000, -5000],
    ]);
    assert.deepEqual(
      blocks.map(({ isContinuous }) => isContinuous),
      blocks.map((_, i) => i > 0),
    );
  }
});

test("frames of NaN alone are a gap, after which times go on", async () => {
  const bytes = stream([1, none, none, 4, 5], [1, none, none, 4, 5]);
  for (const length of [1, bytes.length]) {
    const starts = (await blocksOf(bytes, length)).filter(({ isContinuous }) => !isContinuous);
    assert.deepEqual(
      starts.map(({ startSeconds }) => startSeconds),
      [0, 0.75],
    );
  }
});

test("what is no stream of frames is refused in a sentence that says where", async () => {
  const header = (change: object) => Buffer.from(`${JSON.stringify({ ...HEADER, ...change })}\n`);
  for (const [bytes, message] of [
    [Buffer.from("0       X X X X\n"), /test \(header\): not JSON.*begins with one line of JSON/],
    [Buffer.from("{"), /test.*: no header in its first 1 bytes; expected one line of JSON/],
    [header({ unit: "T" }), /unit.*"uV" or "mV" or "V"/],
    [header({ version: 2 }), /version/],
    [header({ channels: [] }), /channels/],
    [header({ sampleRateHz: 0 }), /sampleRateHz/],
    [stream([1, none], [1, 2]), /Fp1 is not a finite number at 0\.25 s; only frames of NaN/],
    [stream([1, 2], [1, Number.POSITIVE_INFINITY]), /Fp2 is not a finite number at 0\.25 s/],
    [stream([1, 2], [1, 2]).subarray(0, -3), /ends in the middle of a frame, after 0\.25 s; the sender was cut off/],
  ] as const)
    await assert.rejects(blocksOf(bytes, 5), { tag: "FormatError", message });
});

test("addresses have a port and perhaps a host", () => {
  assert.deepEqual(parseAddress("tcp://amplifier.local:7000"), { host: "amplifier.local", port: 7000 });
  assert.deepEqual(parseAddress("tcp://[::1]:7000/"), { host: "::1", port: 7000 });
  assert.deepEqual(parseAddress("7000"), { host: "127.0.0.1", port: 7000 });
  for (const text of ["tcp://host", "host:99999", "udp://host:1"])
    assert.throws(() => parseAddress(text), { name: "UsageError", message: /expected tcp:\/\/HOST:PORT/ });
});
