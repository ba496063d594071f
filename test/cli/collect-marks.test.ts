import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { marksJson } from "../../src/plots/review/view/marks.js";
import { checkAnnotationFiles } from "../../src/recording/check-annotation-files.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { runVerb } from "./verb-thread.js";

const recording = (stem: string) => ({ id: stem, stem, durationSeconds: 120 });
const mark = (startSeconds: number, endSeconds: number, label = "fnsz", note = "") => ({
  ...{ startSeconds, endSeconds, label, note },
});

test("annotations collect makes a folder that annotations check accepts, at the paths of the corpus, in each format", async (context) => {
  const dir = await temporaryFolder(context);
  await writeFile(join(dir, "t0.marks.json"), marksJson([mark(5, 20), mark(50, 60, "", "x")], recording("dev/a/a_t0")));
  await writeFile(join(dir, "t0.marks (1).json"), marksJson([], recording("dev/b/b_t0")));
  await writeFile(join(dir, "other.txt"), "x");
  const out = join(dir, "out");
  const { status: code, stdout, stderr } = await runVerb(["annotations", "collect", dir, "--out", out, "--json"]);
  assert.equal(code, 0, stderr);
  const { recordings } = JSON.parse(stdout) as { recordings: { id: string; seizures: number; notes: number }[] };
  assert.deepEqual(recordings.map(({ id, seizures, notes }) => [id, seizures, notes]).sort(), [
    ["dev/a/a_t0", 1, 1],
    ["dev/b/b_t0", 0, 0],
  ]);
  assert.match(await readFile(join(out, "dev/a/a_t0.csv_bi"), "utf8"), /^TERM,5\.0000,20\.0000,seiz,1\.0000$/m);
  const report = await checkAnnotationFiles(out);
  assert.deepEqual([report.files, report.seizureCount, report.findings], [2, 1, []]);
  const bids = join(dir, "sub-01_eeg.marks.json");
  await writeFile(bids, marksJson([mark(5, 20)], recording("sub-01/eeg/sub-01_task-sz_eeg")));
  const tsv = await runVerb(["annotations", "collect", bids, "--out", join(dir, "tsv"), "--format", "tsv"]);
  assert.match(tsv.stdout, /^1 recordings with 1 seizures in /);
  assert.match(
    await readFile(join(dir, "tsv/sub-01/eeg/sub-01_task-sz_events.tsv"), "utf8"),
    /^5\.00\t15\.00\tsz_foc\t/m,
  );
});

test("annotations collect refuses what is no saved file, two of one recording, and paths that leave the folder", async (context) => {
  const dir = await temporaryFolder(context);
  const write = async (name: string, text: string) => {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  };
  const good = await write("a.marks.json", marksJson([mark(5, 20)], recording("dev/a/a_t0")));
  const again = await write("b.marks.json", marksJson([], recording("dev/a/a_t0")));
  const away = await write("c.marks.json", marksJson([], recording("../x")));
  const reversed = await write("d.marks.json", marksJson([mark(9, 5)], recording("dev/d")));
  const odd = await write("e.marks.json", marksJson([mark(5, 9, "chew")], recording("dev/e")));
  const none = await write("f.marks.json", "{}");
  await mkdir(join(dir, "empty"));
  const cases: readonly (readonly [paths: readonly string[], message: RegExp])[] = [
    [[good, again], /same recording as .*a\.marks\.json; give one of the two/],
    [[away], /\.\.\/x/],
    [[reversed], /ends before it starts/],
    [[odd], /is no seizure label/],
    [[none], /f\.marks\.json.*format/],
    [[join(dir, "no")], /no such file or folder; check the path .a review page saves marks/],
    [[join(dir, "empty")], /no \.marks\.json in /],
  ];
  for (const [paths, message] of cases) {
    const { status: code, stderr } = await runVerb(["annotations", "collect", ...paths, "--out", join(dir, "out")]);
    assert.ok(code === 1 || code === 2, `${code}`);
    assert.match(stderr, message);
  }
});
