import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runVerb } from "./verb-thread.js";

const base = await mkdtemp(join(tmpdir(), "ictal-corpus-cli-"));
after(() => rm(base, { recursive: true }));
const dir = join(base, "corpus");

/** Run a verb; what it prints and its exit code. */
function run(...args: string[]): { out: string; err: string; code: number | null } {
  const { stdout, stderr, status } = runVerb(["corpus", ...args]);
  return { out: stdout, err: stderr, code: status };
}

test("corpus synth makes a corpus and prints one JSON document", async () => {
  const { out, code } = run("synth", dir, "--recordings", "4", "--max-seconds", "30", "--json");
  const report = JSON.parse(out) as { recordings: number; bytes: number; patients: Record<string, number> };
  assert.deepEqual([code, report.recordings, Object.keys(report.patients)], [0, 4, ["dev", "eval", "train"]]);
});

test("corpus check prints the fields that scripts rely on", async () => {
  const { out, code } = run("check", dir, "--json");
  const report = JSON.parse(out) as Record<string, unknown>;
  assert.equal(code, 0);
  for (const field of "release recordings patients hours seizures fingerprint bySplit leftOut findings".split(" ")) {
    assert.ok(field in report, field);
  }
  assert.deepEqual([report.recordings, report.release], [4, "Ictal synthetic corpus, seed 42"]);
});

test("corpus check prints a page for people and takes --limit and --layout", async () => {
  const { out } = run("check", dir, "--limit", "3");
  assert.match(out, /Ictal synthetic corpus, seed 42\nlayout tusz-v2, fingerprint [0-9a-f]{64}/);
  assert.match(out, /split +recordings +sessions/);
  assert.match(out, /train +1 /);
  assert.match(run("check", dir, "--layout", "flat").out, /layout flat/);
});

test("corpus check takes split files and exits with 1 when a finding is an error", async () => {
  const splits = await mkdtemp(join(base, "splits-"));
  await writeFile(join(splits, "train.txt"), "aaaaaaac\naaaaabbn\n");
  const { out } = run("check", dir, "--splits", splits, "--json");
  const report = JSON.parse(out) as { bySplit: Record<string, unknown>; leftOut: { reason: string }[] };
  assert.deepEqual(Object.keys(report.bySplit), ["train"]);
  assert.match(report.leftOut[0]!.reason, /no split file/);
  const broken = await mkdtemp(join(base, "broken-"));
  await writeFile(join(broken, "night_1.edf"), "no recording");
  const failed = run("check", broken);
  assert.equal(failed.code, 1);
  assert.match(failed.out, /error recording-unreadable/);
});

test("corpus check of an empty folder says what to do in a line, and of one with other files what it expected", async () => {
  const { err, code } = run("check", await mkdtemp(join(base, "empty-")));
  assert.equal(code, 1);
  assert.match(err, /no recordings under .*: it holds nothing; check the path, or copy the corpus there\n$/);
  const foreign = await mkdtemp(join(base, "notes-"));
  await writeFile(join(foreign, "notes.md"), "");
  assert.match(run("check", foreign).err, /1 other files, but no \.edf or \.bdf\. Expected one of these/);
});

test("corpus verbs refuse wrong flags and foreign folders", async () => {
  assert.match(run("check", dir, "--limit", "0").err, /expected a whole number, at least 1/);
  assert.match(run("check", dir, "--layout", "tusz").err, /Allowed choices are tusz-v2/);
  const foreign = await mkdtemp(join(base, "foreign-"));
  await writeFile(join(foreign, "notes.md"), "");
  const { err, code } = run("synth", foreign);
  assert.equal(code, 2);
  assert.match(err, /notes\.md/);
});
