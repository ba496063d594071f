import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Mark,
  marksCsvBi,
  marksJson,
  marksTsv,
  readMarks,
  seizureMarks,
} from "../../../src/plots/review/view/marks.js";
import { readAnnotations } from "../../../src/recording/annotation-file.js";
import { writeCsvBi } from "../../../src/recording/annotation-write.js";
import { ANNOTATION_LABELS } from "../../../src/recording/labels.js";

const labels = ANNOTATION_LABELS.flatMap(({ label, class: kind, meaning, hedScore }) =>
  kind === "seizure" && hedScore !== undefined ? [{ label, meaning, hedScore }] : [],
);
const recording = { id: "dev/a/s/m/t0", stem: "dev/a/s/m/a_s_t0", durationSeconds: 120.5 };
const mark = (startSeconds: number, endSeconds: number, label = "fnsz", note = ""): Mark => ({
  ...{ startSeconds, endSeconds, label, note },
});
const marks = [mark(60, 72.25, "gnsz", "left  arm"), mark(10, 20), mark(90, 95, "", "sweat"), mark(15, 30)];

test("marks as csv_bi are the text of writeCsvBi: joined, in order, without notes; none is background", () => {
  const events = [mark(10, 30), mark(60, 72.25)].map((each) => ({ ...each, confidence: 1 }));
  const spec = { events, durationSeconds: 120.5, recordingName: "a_s_t0" };
  assert.equal(marksCsvBi(marks, recording), writeCsvBi(spec));
  assert.equal(marksCsvBi([], recording), writeCsvBi({ ...spec, events: [] }));
});

test("marks as tsv are read as the same seizures by our reader, without a finding, and back into marks with their notes", () => {
  const text = marksTsv(marks, recording, labels);
  const read = readAnnotations(text, { file: "a_events.tsv" });
  assert.deepEqual(
    read.events.map(({ startSeconds, endSeconds, label }) => [startSeconds, endSeconds, label]),
    [
      [10, 30, "fnsz"],
      [60, 72.25, "gnsz"],
    ],
  );
  assert.deepEqual(
    read.findings.filter(({ severity }) => severity !== "info"),
    [],
  );
  assert.deepEqual(readMarks("a_events.tsv", text, labels), [mark(10, 30), mark(60, 72.25, "gnsz", "left arm")]);
  assert.equal(readAnnotations(marksTsv([], recording, labels), { file: "b.tsv" }).events[0]!.label, "bckg");
});

test("JSON keeps everything; csv_bi and csv give their seizures", () => {
  const sorted = [...marks].sort((a, b) => a.startSeconds - b.startSeconds);
  assert.deepEqual(readMarks("x.marks.json", marksJson(marks, recording), labels), sorted);
  assert.deepEqual(readMarks("x.csv_bi", marksCsvBi(marks, recording), labels), [
    mark(10, 30, "seiz"),
    mark(60, 72.25, "seiz"),
  ]);
  const csv =
    "# version\nchannel,start_time,stop_time,label,confidence\nFP1-F7,0.0,5.0,bckg,1.0\nFP1-F7,5.0,9.0,cpsz,1.0\n";
  assert.deepEqual(readMarks("x.csv", csv, labels), [mark(5, 9, "cpsz")]);
});

test("files that are none are refused with what is wrong", () => {
  const cases: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ["x.txt", "", /ends in \.json, \.csv_bi/],
    ["x.json", "{", /is not JSON/],
    ["x.json", "null", /not one that a review page saved/],
    ["x.json", marksJson([mark(5, 9, "chew")], recording), /mark 1 has no known label/],
    ["x.json", marksJson([mark(9, 5)], recording), /mark 1: times 9 to 5 s/],
    ["x.tsv", "onset\tlength\n", /columns onset, duration and eventType/],
    ["x.csv_bi", "channel,start_time,stop_time,label,confidence\nTERM,9,x,seiz,1\n", /line 2: times 9 to NaN s/],
  ];
  for (const [name, text, message] of cases) assert.throws(() => readMarks(name, text, labels), message, name);
});

test("seizure marks end with the recording; types that overlap stay apart unless they are joined", () => {
  const both = [mark(100, 130), mark(110, 115, "gnsz"), mark(125, 140)];
  const times = (all: readonly Mark[]) => all.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);
  assert.deepEqual(times(seizureMarks(both, recording, true)), [[100, 120.5]]);
  assert.deepEqual(times(seizureMarks(both, recording, false)), [
    [100, 120.5],
    [110, 115],
  ]);
});
