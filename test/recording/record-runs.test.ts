import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { bytesSource } from "../../src/recording/byte-source.js";
import { readEdfAnnotations } from "../../src/recording/edf-annotations.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { readEdfPage } from "../../src/recording/edf-page.js";
import type { EdfKind } from "../../src/recording/edf-spec.js";
import { endpointsApart, recordAt, spanSecondsOf } from "../../src/recording/edf-timeline.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { describeBreak, openRunReader, type RecordRun } from "../../src/recording/record-runs.js";
import { parseTals, recordStartOf } from "../../src/recording/tal.js";

const RECORDS = 300;

interface Made {
  readonly kind: EdfKind;
  readonly reserved?: string;
  readonly startOf: (record: number) => number;
}

async function made({ kind, reserved, startOf }: Made) {
  const samples = Int16Array.from({ length: 4 * RECORDS }, (_, i) => i % 1000);
  const signals = [{ label: "EEG C3-REF", physicalMin: -32768, physicalMax: 32767, samplesPerRecord: 4, samples }];
  const spec = { kind, recordDurationSeconds: 1, signals, recordStartSeconds: startOf };
  const bytes = encodeEdf({
    ...spec,
    accept: ["discontinuity", "record-overlap"],
    ...(reserved !== undefined && { reserved }),
  });
  const source = bytesSource("made.edf", bytes);
  return { source, header: await readEdfHeader(source), bytes };
}

async function runsOf(file: Made): Promise<RecordRun[]> {
  const { source, header, bytes } = await made(file);
  const read = await openRunReader(source, header);
  return read({ startRecord: 0, recordCount: RECORDS, bytes: bytes.subarray(header.headerBytes) });
}

test("recordStartOf finds the timestamp that parseTals finds, in lists of any kind", () => {
  const pieces = [
    "+0",
    "-1.25",
    "+12.5",
    "+7\x151",
    "1",
    "+",
    "\x14",
    "\x14\x14",
    "\0",
    "seizure",
    "\x15",
    "+3.\x14\x14\0",
  ];
  const random = createRandom(3, "tals");
  const encoder = new TextEncoder();
  for (let round = 0; round < 5000; round++) {
    const length = Math.floor(8 * random.uniform(16 * round));
    const text = Array.from(
      { length },
      (_, i) => pieces[Math.floor(pieces.length * random.uniform(16 * round + i + 1))]!,
    ).join("");
    const bytes = encoder.encode(text);
    assert.equal(recordStartOf(bytes), parseTals(bytes, true).recordStartSeconds, JSON.stringify(text));
  }
});

test("every kind with timestamps is read by them; jitter within a millisecond is not a gap", async () => {
  const jump = (record: number) => (record < 100 ? record : record + 4.5);
  for (const [kind, reserved] of [
    ["EDF+D", undefined],
    ["EDF+D", "EDF+C"],
    ["EDF+D", ""],
    ["BDF+D", "BDF+C"],
  ] as const) {
    const runs = await runsOf({ kind, startOf: jump, ...(reserved !== undefined && { reserved }) });
    assert.deepEqual(
      runs.map(({ startRecord, recordCount, startSeconds }) => [startRecord, recordCount, startSeconds]),
      [
        [0, 100, 0],
        [100, 200, 104.5],
      ],
      reserved,
    );
    assert.equal(
      describeBreak(runs[1]!.break!),
      "record 100 starts at 104.5 s, 100 s expected: the recording has gaps",
    );
  }
  assert.equal((await runsOf({ kind: "EDF+C", startOf: (record) => record + 0.0009 * (record % 2) })).length, 1);
  assert.equal((await runsOf({ kind: "EDF+C", startOf: (record) => record + 0.0011 * (record % 2) })).length, RECORDS);
});

test("small steps that add up to a tenth of a second are a gap, and each annotation reader reports it", async () => {
  const drifting: Made = { kind: "EDF+D", reserved: "EDF+C", startOf: (record) => record * 1.0009 };
  const runs = await runsOf(drifting);
  assert.deepEqual(
    runs.map(({ startRecord }) => startRecord),
    [0, 112, 224],
  );
  const { source, header } = await made(drifting);
  const { segments, diagnostics } = await readEdfAnnotations(source, header);
  assert.equal(segments.length, 3);
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["discontinuity"],
  );
});

test("records that overlap and records without a timestamp in a file with gaps are different breaks", async () => {
  const [, overlap] = await runsOf({ kind: "EDF+D", startOf: (record) => (record < 9 ? record : record - 2) });
  assert.equal(overlap!.break!.kind, "overlap");
  assert.match(describeBreak(overlap!.break!), /record 9 starts at 7 s, 9 s expected: its records overlap/);
  const { source, header, bytes } = await made({ kind: "EDF+D", startOf: (record) => record });
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf("+7\x14\x14");
  bytes.fill(0, at, at + 4);
  await assert.rejects(
    async () => {
      for await (const _ of readEdfBlocks(source, header, { signals: [0] }));
    },
    { tag: "UnsupportedError", message: /record 7 has no timestamp in a file marked discontinuous/ },
  );
  const plain = await made({ kind: "EDF+C", startOf: (record) => record });
  plain.bytes.fill(0, at, at + 4);
  let records = 0;
  for await (const { recordCount } of readEdfBlocks(plain.source, plain.header, { signals: [0] }))
    records += recordCount;
  assert.equal(records, RECORDS);
});

test("recordAt finds the record of a time by binary search, after gaps too", async () => {
  const jump = (record: number) => (record < 100 ? record : record + 4.5);
  const { source, header } = await made({ kind: "EDF+D", startOf: jump });
  for (const [seconds, record] of [
    [0, 0],
    [99.5, 99],
    [100, 100],
    [103, 100],
    [104.5, 100],
    [105.6, 101],
    [304.4, 299],
    [304.5, 300],
  ] as const)
    assert.equal((await recordAt(source, header, seconds)).record, record, `${seconds} s`);
});

test("a page counts gaps as time: samples after a gap are at their own time, and the gap is zero", async () => {
  const jump = (record: number) => (record < 100 ? record : record + 4.5);
  const { source, header } = await made({ kind: "EDF+D", reserved: "EDF+C", startOf: jump });
  const page = await readEdfPage(source, header, { startSeconds: 98.5, durationSeconds: 8 });
  assert.deepEqual([page.startSeconds, page.samples.length], [98, 34]);
  const raw = [...Array(8).keys()].map((i) => (392 + i) % 1000).concat([...Array(8).keys()].map((i) => 400 + i));
  const mean = raw.reduce((sum, value) => sum + value, 0) / raw.length;
  const expected = [...raw.slice(0, 8), ...Array(18).fill(mean), ...raw.slice(8)].map((value) => value - mean);
  for (const [i, value] of page.samples.entries())
    assert.ok(Math.abs(value - (expected[i] ?? 0)) < 1e-3, `sample ${i}`);
  const behind = await readEdfPage(source, header, { startSeconds: 200, durationSeconds: 1 });
  assert.deepEqual([behind.startSeconds, behind.samples.length], [199.5, 8]);
  await assert.rejects(readEdfPage(source, header, { startSeconds: 101, durationSeconds: 2 }), RangeError);
});

test("the timestamps at both ends give the duration including gaps; an implausible one is ignored", async () => {
  const spanOf = async (startOf: Made["startOf"]) => {
    const { source, header } = await made({ kind: "EDF+D", startOf });
    return spanSecondsOf(header, await endpointsApart(source, header));
  };
  assert.equal(await spanOf((record) => 0.5 + record + (record < 100 ? 0 : 4.5)), RECORDS + 4.5);
  assert.equal(await spanOf((record) => 7 + record), RECORDS);
  assert.equal(await spanOf((record) => record - (record < 100 ? 0 : 2)), RECORDS);
  assert.equal(await spanOf((record) => record + (record < 100 ? 0 : 1e9)), RECORDS);
});
