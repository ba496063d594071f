import assert from "node:assert/strict";
import { test } from "node:test";
import { readLabels } from "../../src/corpus/labels.js";
import type { RecordingEntry } from "../../src/corpus/recording-entry.js";
import { memoryStore } from "../../src/store/memory-store.js";

const columns = "channel,start_time,stop_time,label,confidence";

function csv(durationSeconds: number, ...rows: string[]): string {
  return `# version = csv_v1.0.0\n# duration = ${durationSeconds.toFixed(2)} secs\n#\n${[columns, ...rows, ""].join("\n")}`;
}

/** Labels of a 100 s recording with these annotation files, by extension. */
function labelsOf(files: Partial<Record<"csv" | "csv_bi" | "tse" | "tse_bi" | "tsv", string>>) {
  const keys = { csv: "csvKey", csv_bi: "csvBiKey", tse: "tseKey", tse_bi: "tseBiKey", tsv: "tsvKey" } as const;
  const objects = Object.fromEntries(Object.entries(files).map(([extension, text]) => [`r.${extension}`, text]));
  const entry: RecordingEntry = {
    ...{ id: "train/a/s001_2000/01_tcp_ar/t000", split: "train", patient: "a", session: "s001_2000" },
    ...{ montage: "01_tcp_ar", token: "t000", edfKey: "r.edf", edfSize: 1 },
    ...Object.fromEntries(
      Object.keys(files).map((extension) => [keys[extension as keyof typeof keys], `r.${extension}`]),
    ),
  };
  return readLabels(memoryStore(objects), entry, { durationSeconds: 100 });
}

const codes = (found: { findings: readonly { code: string }[] }) => found.findings.map(({ code }) => code);

test("readLabels takes times from csv_bi and the type with most seconds from csv", async () => {
  const found = await labelsOf({
    csv_bi: csv(100, "TERM,10.0000,30.0000,seiz,1.0000", "TERM,50.0000,60.0000,seiz,0.9000"),
    csv: csv(
      100,
      "FP1-F7,10.0000,16.0000,fnsz,1.0000",
      "F7-T3,16.0000,30.0000,cpsz,1.0000",
      "F7-T3,50.0000,60.0000,absz,1.0000",
    ),
  });
  assert.equal(found.status, "labelled");
  assert.deepEqual(found.seizures, [
    { startSeconds: 10, endSeconds: 30, label: "cpsz", confidence: 1 },
    { startSeconds: 50, endSeconds: 60, label: "absz", confidence: 0.9 },
  ]);
  assert.deepEqual(codes(found), []);
});

test("readLabels recognizes background by a single row, and background is not an event", async () => {
  const found = await labelsOf({ csv_bi: csv(100, "TERM,0.0000,1.0551,bckg,1.0000") });
  assert.deepEqual([found.status, found.seizures.length], ["labelled", 0]);
});

test("readLabels without any annotation file gives unknown, never background", async () => {
  const found = await labelsOf({});
  assert.equal(found.status, "unknown");
  assert.deepEqual(codes(found), ["no-annotation"]);
});

test("readLabels with a file without rows, or with rows that cannot be read, gives unknown", async () => {
  const empty = await labelsOf({ csv_bi: csv(100) });
  assert.deepEqual([empty.status, codes(empty)], ["unknown", ["labels-incomplete"]]);
  const cut = await labelsOf({ csv_bi: csv(100, "TERM,10.0000,30.0000,seiz,1.0000", "TERM,50.0000,60.0") });
  assert.deepEqual([cut.status, codes(cut), cut.seizures], ["unknown", ["row-width"], []]);
});

test("readLabels uses csv alone with a finding", async () => {
  const found = await labelsOf({ csv: csv(100, "FP1-F7,10.0000,30.0000,mysz,1.0000") });
  assert.deepEqual(
    found.seizures.map(({ label }) => label),
    ["mysz"],
  );
  assert.deepEqual(codes(found), ["no-binary-annotation"]);
});

test("readLabels reports unions that differ by more than 20 ms, and not by 20 ms", async () => {
  const pair = (stop: string) =>
    labelsOf({
      csv_bi: csv(100, "TERM,10.0000,30.0000,seiz,1.0000"),
      csv: csv(100, `FP1-F7,10.0000,${stop},fnsz,1.0000`),
    });
  assert.deepEqual(codes(await pair("30.0200")), []);
  assert.deepEqual(codes(await pair("30.0300")), ["unions-differ"]);
});

test("readLabels truncates seizures to the recording and reports another recording's duration", async () => {
  const near = await labelsOf({ csv_bi: csv(100.9, "TERM,90.0000,100.7000,seiz,1.0000") });
  assert.deepEqual(
    near.seizures.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
    [[90, 100]],
  );
  assert.deepEqual([near.status, codes(near)], ["labelled", ["duration-differs"]]);
  const far = await labelsOf({ csv_bi: csv(104, "TERM,90.0000,103.0000,seiz,1.0000") });
  assert.deepEqual([far.status, far.seizures, codes(far)], ["unknown", [], ["duration-differs"]]);
});

test("readLabels does not count nesz as a seizure, and an unknown label makes the labels unknown, with file and line", async () => {
  const none = await labelsOf({ csv: csv(100, "FP1-F7,10.0000,30.0000,nesz,1.0000") });
  assert.deepEqual([none.status, none.seizures.length], ["labelled", 0]);
  const { status, findings } = await labelsOf({ csv_bi: csv(100, "TERM,1.0000,2.0000,siez,1.0000") });
  assert.equal(status, "unknown");
  assert.deepEqual(
    findings.map(({ file, line, code }) => [file, line, code]),
    [["r.csv_bi", 5, "unknown-label"]],
  );
  assert.match(findings[0]!.message, /^unknown label "siez"/);
});

test("readLabels reads tse files and BIDS events", async () => {
  const tse = await labelsOf({
    tse_bi: "version = tse_v1.0.0\n\n0.0000 10.0000 bckg 1.0000\n10.0000 30.0000 seiz 1.0000\n",
    tse: "version = tse_v1.0.0\n\n0.0000 10.0000 bckg 1.0000\n10.0000 30.0000 tnsz 1.0000\n",
  });
  assert.deepEqual(tse.seizures, [{ startSeconds: 10, endSeconds: 30, label: "tnsz", confidence: 1 }]);
  const header = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration";
  const tsv = await labelsOf({ tsv: `${header}\n10.00\t20.00\tsz_foc_ia\tn/a\tn/a\tn/a\t100.00\n` });
  assert.deepEqual(
    tsv.seizures.map(({ label, endSeconds }) => [label, endSeconds]),
    [["cpsz", 30]],
  );
});

test("readLabels gives the agreement of csv and csv_bi, in seconds that only one of them has", async () => {
  const found = await labelsOf({
    csv_bi: csv(100, "TERM,10.0000,30.0000,seiz,1.0000"),
    csv: csv(100, "FP1-F7,12.0000,30.0000,fnsz,1.0000", "F7-T3,20.0000,31.0000,fnsz,1.0000"),
  });
  assert.deepEqual(found.agreement, { typedSeconds: 19, binarySeconds: 20, differenceSeconds: 3 });
  const alone = await labelsOf({ csv_bi: csv(100, "TERM,10.0000,30.0000,seiz,1.0000") });
  assert.equal(alone.agreement, undefined);
});
