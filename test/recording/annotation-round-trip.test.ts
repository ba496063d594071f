import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { readAnnotations } from "../../src/recording/annotation-file.js";
import type { AnnotationFormat } from "../../src/recording/annotation-rows.js";
import {
  type AnnotationSpec,
  writeCsv,
  writeCsvBi,
  writeHedScoreTsv,
  writeTse,
} from "../../src/recording/annotation-write.js";
import { ANNOTATION_LABELS } from "../../src/recording/labels.js";

const WRITERS: Record<AnnotationFormat, (spec: AnnotationSpec) => string> = {
  csv: writeCsv,
  csv_bi: writeCsvBi,
  tse: writeTse,
  tse_bi: (spec) => writeTse(spec, true),
  tsv: writeHedScoreTsv,
};
const ALL = Object.keys(WRITERS) as AnnotationFormat[];
const TABLES: AnnotationFormat[] = ["csv", "csv_bi"];

type Row = AnnotationSpec["events"][number];
const row = (more: Partial<Row> = {}): Row => ({
  ...{ startSeconds: 10, endSeconds: 20, label: "seiz", confidence: 1 },
  ...more,
});
const rows = (...more: Partial<Row>[]): AnnotationSpec => ({ events: more.map(row), durationSeconds: 100 });

const REFUSED: Record<string, [AnnotationSpec, RegExp, AnnotationFormat[]]> = {
  "a negative start": [rows({ startSeconds: -1 }), /events\[0\]: startSeconds -1 is before the recording/, ALL],
  "an end before the start": [rows({ endSeconds: 5 }), /events\[0\]: it ends at 5 s, not after its start at 10 s/, ALL],
  "a row without length": [rows({}, { startSeconds: 30, endSeconds: 30 }), /events\[1\]: it ends at 30 s/, ALL],
  "a row that rounding makes empty": [rows({ startSeconds: 19.99999, endSeconds: 20.00001 }), /zero-length/, ALL],
  "a start that is NaN": [rows({ startSeconds: Number.NaN }), /startSeconds is NaN/, ALL],
  "an end that is infinite": [rows({ endSeconds: Number.POSITIVE_INFINITY }), /endSeconds is Infinity/, ALL],
  "a confidence that is NaN": [rows({ confidence: Number.NaN }), /confidence is NaN/, ALL],
  "a confidence above 1": [rows({ confidence: 1.5 }), /confidence 1.5 found, 0 to 1 expected/, ALL],
  "times beyond the recording": [rows({ startSeconds: 10_000, endSeconds: 20_000 }), /starts-past-the-end/, ALL],
  "an end beyond the recording": [rows({ endSeconds: 100.5 }), /past-the-end/, ALL],
  "rows that overlap": [rows({}, { startSeconds: 15, endSeconds: 25 }), /overlap/, ALL],
  "a row twice": [rows({}, {}), /duplicate-row/, ALL],
  "rows in the wrong order": [rows({ startSeconds: 50, endSeconds: 60 }, {}), /unsorted/, ALL],
  "a channel with a comma": [rows({ channel: "FP1,F7" }), /events\[0\].channel/, ["csv"]],
  "a channel with a tab": [rows({ channel: "FP1\tF7" }), /events\[0\].channel/, ["csv", "tsv"]],
  "a channel with a quote": [rows({ channel: 'F"P1' }), /events\[0\].channel/, ["csv", "tsv"]],
  "a channel with a line feed": [rows({ channel: "FP1\nTERM,0,1,seiz,1" }), /events\[0\].channel/, ["csv", "tsv"]],
  "a channel that is a formula": [rows({ channel: "=1+1" }), /events\[0\].channel/, ["csv", "tsv"]],
  "a channel that is a remark": [rows({ channel: "#FP1" }), /events\[0\].channel/, ["csv", "tsv"]],
  "a channel with blanks around it": [rows({ channel: " FP1" }), /events\[0\].channel/, ["csv", "tsv"]],
  "an empty channel": [rows({ channel: "" }), /events\[0\].channel/, ["csv", "tsv"]],
  "a name with a line feed": [{ ...rows({}), recordingName: "a\nTERM,0,1,seiz,1" }, /recordingName/, TABLES],
  "a name with an escape": [{ ...rows({}), recordingName: "a\x1b[2J" }, /recordingName/, TABLES],
  "header lines of two lines": [{ ...rows({}), headerLines: ["# duration = 100 secs\nTERM"] }, /headerLines\[0\]/, ALL],
  "header lines that are none": [{ ...rows({}), headerLines: ["TERM,0,1,seiz,1"] }, /invalid annotations/, TABLES],
  "header lines without a duration": [{ ...rows({}), headerLines: ["# a"] }, /duration-missing/, TABLES],
  "a header of another duration": [
    { ...rows({}), headerLines: ["# duration = 50 secs"] },
    /100 would read back as 50/,
    TABLES,
  ],
  "a duration that is infinite": [
    { events: [], durationSeconds: Number.POSITIVE_INFINITY },
    /Seconds: Infinity/,
    ["csv_bi", "tsv"],
  ],
  "nothing over no time": [{ events: [], durationSeconds: 0 }, /events\[0\]: it ends at 0 s/, ["csv_bi", "tsv"]],
};
for (const [name, [spec, message, formats]] of Object.entries(REFUSED))
  for (const format of formats)
    test(`the ${format} writer refuses ${name}`, () => {
      assert.throws(
        () => WRITERS[format](spec),
        (error) => error instanceof RangeError && message.test(error.message),
      );
    });

test("labels that our reader does not know, formulas and separators are refused by every writer", () => {
  for (const label of ["SEIZ", "=1+1", "seiz,1", "se iz", "seiz\n", "", '"seiz"', "__proto__"])
    for (const format of ALL)
      assert.throws(() => WRITERS[format](rows({ label })), { tag: "FormatError" }, `${label} ${format}`);
  const hedScore = { eventType: "sz", confidence: "n/a", channels: "T3,F7", dateTime: "n/a" };
  assert.match(writeHedScoreTsv(rows({ hedScore })), /\tsz\tn\/a\tT3,F7\tn\/a\t100\.00\n/);
  for (const field of Object.keys(hedScore))
    for (const text of ["a\tb", "a\nb", "=1", "\x1b[2J"])
      assert.throws(() => writeHedScoreTsv(rows({ hedScore: { ...hedScore, [field]: text } })), RangeError);
  assert.throws(() => writeHedScoreTsv(rows({ hedScore: { ...hedScore, eventType: "what" } })), { tag: "FormatError" });
  assert.throws(
    () => writeHedScoreTsv({ ...rows({}), startDateTime: "yesterday" }),
    /invalid startDateTime: "yesterday"/,
  );
});

test("a finding named in accept is written, and a file that was read with it is written back", () => {
  const spec = { ...rows({}, { startSeconds: 15, endSeconds: 25 }), accept: ["overlap"] };
  const text = writeCsvBi(spec);
  const file = readAnnotations(text, { file: "a.csv_bi" });
  assert.deepEqual(
    file.findings.map(({ code }) => code),
    ["overlap"],
  );
  assert.equal(writeCsvBi(file), text);
});

test("a tsv row keeps within a duration that is rounded like it", () => {
  const text = writeHedScoreTsv({ ...rows({ startSeconds: 10.005, endSeconds: 99.994 }), durationSeconds: 99.994 });
  assert.deepEqual(readAnnotations(text, { file: "a.tsv" }).findings, []);
});

test("whatever an annotation writer writes reads back equal without an error or warning", () => {
  const random = createRandom(9, "annotation writers");
  let counter = 0;
  const draw = (bound: number) => random.integer(counter++, bound);
  const written: Partial<Record<AnnotationFormat, number>> = {};
  for (let i = 0; i < 1500; i++) {
    const rarely = <T>(value: T, otherwise: T): T => (draw(30) === 0 ? value : otherwise);
    const format = ALL[draw(ALL.length)]!;
    const isBinary = format.endsWith("_bi");
    const labels = ANNOTATION_LABELS.filter(
      (info) => info.class === "seizure" || (format !== "tsv" && info.class === "background"),
    );
    let cursor = 0;
    const events = Array.from({ length: draw(5) }, (): Row => {
      const startSeconds = cursor + draw(1e6) / 1e5 - rarely(20, 0);
      cursor = startSeconds + draw(1e6) / 1e5 - rarely(10, 0);
      const channel =
        isBinary || format.startsWith("tse") ? "TERM" : ["TERM", "FP1-F7", rarely("a,b\t", "C3-C4")][draw(3)]!;
      const label = rarely("what", labels[draw(labels.length)]!.label);
      return { ...{ startSeconds, endSeconds: cursor, label, channel }, confidence: rarely(1.5, draw(101) / 100) };
    });
    const spec = { events, durationSeconds: cursor + draw(1000) / 100 - rarely(9, 0) };
    let text: string;
    try {
      text = WRITERS[format](spec);
    } catch (error) {
      assert.ok(error instanceof RangeError || (error as { tag?: string }).tag === "FormatError", String(error));
      continue;
    }
    written[format] = (written[format] ?? 0) + 1;
    const file = readAnnotations(text, { file: `a.${format}` });
    assert.deepEqual(
      file.findings.filter(({ severity }) => severity !== "info"),
      [],
    );
    const expected =
      events.length > 0 || !["csv_bi", "tsv"].includes(format)
        ? events
        : [row({ startSeconds: 0, endSeconds: spec.durationSeconds, label: "bckg" })];
    assert.equal(file.events.length, expected.length);
    const step = format === "tsv" ? 0.00501 : 0.0000501;
    for (const [k, read] of file.events.entries()) {
      const { startSeconds, endSeconds, label, confidence } = expected[k]!;
      assert.ok(Math.abs(read.startSeconds - startSeconds) <= step && Math.abs(read.endSeconds - endSeconds) <= step);
      assert.equal(read.label, isBinary && label !== "bckg" ? "seiz" : label);
      assert.ok(Math.abs(read.confidence - confidence) < 0.0051);
    }
  }
  for (const format of ALL) assert.ok((written[format] ?? 0) > 60, `${format}: ${written[format]}`);
});
