import assert from "node:assert/strict";
import { test } from "node:test";
import { patience } from "@ictal/jupyter/test/patience";
import { bytesSource, fileSource } from "../../src/recording/byte-source.js";
import { readEdfAnnotations } from "../../src/recording/edf-annotations.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { type EdfSpec, encodeEdf } from "../../src/recording/edf-writer.js";
import { encodeTal, parseTals } from "../../src/recording/tal.js";
import { lacksSharedData, sharedJson, sharedPath } from "./shared-data.js";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const parse = (text: string, isFirst = true) => parseTals(latin1(text), isFirst);

/** Annotations of a written file, whatever their places and the records' times. */
async function annotationsOf(spec: Partial<EdfSpec>) {
  const bytes = encodeEdf({
    kind: "EDF+C",
    recordDurationSeconds: 1,
    signals: [{ label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 2, samples: new Int16Array(10) }],
    accept: ["discontinuity", "record-overlap", "annotation-outside"],
    ...spec,
  });
  const source = bytesSource("x.edf", bytes);
  return readEdfAnnotations(source, await readEdfHeader(source));
}

test("parseTals reads timekeeping, several texts, durations, UTF-8 and Latin-1", () => {
  const { recordStartSeconds, annotations, malformed } = parse(
    "+2.5\x14\x14\x14Start\x14\0+3\x150.25\x14a\x14b\x14\0-1.5\x14early\x14\0\0\0",
  );
  assert.equal(recordStartSeconds, 2.5);
  assert.deepEqual(annotations, [
    { onsetSeconds: 2.5, text: "Start" },
    { onsetSeconds: 3, durationSeconds: 0.25, text: "a" },
    { onsetSeconds: 3, durationSeconds: 0.25, text: "b" },
    { onsetSeconds: -1.5, text: "early" },
  ]);
  assert.deepEqual(malformed, []);
  assert.equal(parseTals(Buffer.from("+0\x14\x14\0+1\x14中文\x14\0"), true).annotations[0]!.text, "中文");
  const old = parse("+0\x14\x14\0+1\x14J\xf8rgen\x14\0");
  assert.deepEqual([old.annotations[0]!.text, old.latin1], ["Jørgen", [8]]);
});

test("parseTals names a text without its end mark and keeps the text", () => {
  const found = parse("+0\x14\x14\0+1\x14cut\0");
  assert.deepEqual([found.annotations, found.malformed], [[{ onsetSeconds: 1, text: "cut" }], [5]]);
});

test("parseTals lists malformed TALs and keeps the rest", () => {
  assert.deepEqual(parse("1.5\x14no sign\x14\0+2\x14kept\x14\0"), {
    annotations: [{ onsetSeconds: 2, text: "kept" }],
    malformed: [0],
    latin1: [],
  });
  assert.deepEqual(parse("+2\x14unclosed").malformed, [0]);
  assert.deepEqual(parse("garbage").malformed, [0]);
  assert.equal(
    parse("+5\x14\x14\0", false).recordStartSeconds,
    undefined,
    "only the first annotation signal keeps time",
  );
});

test("parseTals takes linear time on a megabyte of unfinished lists", () => {
  const started = performance.now();
  assert.equal(
    parseTals(
      new Uint8Array(1 << 20).map((_, i) => (i % 2 ? 0 : 43)),
      true,
    ).malformed.length,
    1 << 19,
  );
  assert.ok(performance.now() - started < patience(5000));
});

test("encodeTal and parseTals are a round trip", () => {
  for (const [onset, duration, text] of [
    [0, undefined, "x"],
    [1e7 + 0.0625, 0, "a b, c"],
    [-3.5, 30, "µ 中"],
  ] as const) {
    const { annotations } = parseTals(encodeTal(onset, [text], duration), true);
    assert.deepEqual(annotations, [
      duration === undefined ? { onsetSeconds: onset, text } : { onsetSeconds: onset, durationSeconds: duration, text },
    ]);
  }
  assert.throws(() => encodeTal(Number.NaN, ["x"]), /invalid annotation time/);
});

test("annotations spread over several signals agree with pyedflib", { skip: lacksSharedData }, async () => {
  const golden = sharedJson("redistributable/edfcore/edf-annotations.json") as {
    annotations: { onsetSeconds: number; onsetBits?: string; durationSeconds: number; text: string }[];
  };
  const source = await fileSource(sharedPath("redistributable/edfcore/edf-annotations.edf"));
  const { annotations, diagnostics } = await readEdfAnnotations(source, await readEdfHeader(source));
  await source.close?.();
  assert.deepEqual(
    annotations.map(({ durationSeconds = -1, ...rest }) => ({ ...rest, durationSeconds })),
    golden.annotations.map(({ onsetSeconds, durationSeconds, text }) => ({ onsetSeconds, text, durationSeconds })),
  );
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["annotation-past-end"], // one of them lasts longer than the file
  );
});

test("onsets count from the first sample: a fractional start agrees with MNE", { skip: lacksSharedData }, async () => {
  const expected = sharedJson("expected.json") as Record<string, { mne: { annotations: [number, number, string][] } }>;
  for (const name of ["redistributable/pyedflib/test_subsecond.edf", "redistributable/pyedflib/test_utf8.edf"]) {
    const source = await fileSource(sharedPath(name));
    const found = await readEdfAnnotations(source, await readEdfHeader(source));
    await source.close?.();
    assert.deepEqual(
      found.annotations.map(({ text }) => text),
      expected[name]!.mne.annotations.map(([, , text]) => text),
    );
    for (const [i, { onsetSeconds }] of found.annotations.entries()) {
      assert.ok(Math.abs(onsetSeconds - expected[name]!.mne.annotations[i]![0]) < 1e-6);
    }
    assert.deepEqual(
      found.diagnostics.map(({ code }) => code),
      ["fractional-start"],
    );
  }
});

test("a file without annotation signals is one segment of all its records", async () => {
  const { annotations, segments, originSeconds } = await annotationsOf({ kind: "EDF" });
  assert.deepEqual(segments, [{ startSeconds: 0, endSeconds: 5, startRecord: 0, recordCount: 5 }]);
  assert.deepEqual([annotations, originSeconds], [[], 0]);
});

test("gaps become segments, with the diagnostic of the kind of file", async () => {
  const recordStartSeconds = (record: number) => [0, 1, 5, 6, 5.5][record]!;
  for (const [kind, code] of [
    ["EDF+D", "gap"],
    ["EDF+C", "discontinuity"],
  ] as const) {
    const found = await annotationsOf({ kind, recordStartSeconds });
    assert.deepEqual(found.segments, [
      { startSeconds: 0, endSeconds: 2, startRecord: 0, recordCount: 2 },
      { startSeconds: 5, endSeconds: 7, startRecord: 2, recordCount: 2 },
      { startSeconds: 5.5, endSeconds: 6.5, startRecord: 4, recordCount: 1 },
    ]);
    assert.deepEqual(
      found.diagnostics.map((diagnostic) => diagnostic.code),
      [code, "record-overlap"],
    );
  }
});

test("many annotations are distributed evenly over the records and none is lost", async () => {
  const annotations = Array.from({ length: 503 }, (_, i) => ({ onsetSeconds: i / 128, text: `event ${i}` }));
  const found = await annotationsOf({ annotations });
  assert.deepEqual(found.annotations, annotations);
  const outside = await annotationsOf({ annotations: [{ onsetSeconds: 9, text: "late" }] });
  assert.deepEqual(
    outside.diagnostics.map(({ code }) => code),
    ["annotation-outside"],
  );
  for (const onsetSeconds of [0, 1, 4]) {
    const long = await annotationsOf({ annotations: [{ onsetSeconds, durationSeconds: 100, text: "late end" }] });
    assert.deepEqual(
      long.diagnostics.map(({ code }) => code),
      ["annotation-past-end"],
      `from ${onsetSeconds} s`,
    );
  }
});

test("a record duration rounded to its eight characters never accumulates to a gap", async () => {
  const records = 9000;
  const samples = new Int16Array(records);
  const found = await annotationsOf({
    recordDurationSeconds: "0.333333",
    recordStartSeconds: (record) => record / 3,
    signals: [{ label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 1, samples }],
  });
  assert.deepEqual([found.segments.length, found.diagnostics], [1, []]);
});
