import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { pairTrees, readScoreTree } from "../../src/cli/score-tree.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { scoreSzcore } from "../../src/scoring/score.js";

const csvBi = (rows: string, seconds: number | string = 600) =>
  `# version = csv_v1.0.0\n# duration = ${seconds} secs\n#\nchannel,start_time,stop_time,label,confidence\n${rows}`;
const TSV = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n";
const SEIZURE = "TERM,100,130,seiz,1\n";

/** Writes both trees and pairs them; a file is named with its ending. */
async function pairsOf(t: TestContext, ref: Record<string, string | Uint8Array>, hyp: Record<string, string>) {
  const root = await mkdtemp(join(tmpdir(), "ictal-tree-"));
  t.after(() => rm(root, { recursive: true }));
  for (const [side, files] of Object.entries({ ref, hyp })) {
    await mkdir(join(root, side));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, side, name)), { recursive: true });
      await writeFile(join(root, side, name), text);
    }
  }
  const [references, hypotheses] = [await readScoreTree(join(root, "ref"), "--ref"), join(root, "hyp")];
  return pairTrees(references, await readScoreTree(hypotheses, "--hyp"), 0.1);
}

const refusals = ({ refused }: Awaited<ReturnType<typeof pairsOf>>) =>
  refused.map(({ id, side, code }) => [id, side, code]);

test("pairTrees refuses a reference or hypothesis that is compressed, and passes over one beside a plain file", async (t) => {
  const both = { "x.csv_bi": csvBi(SEIZURE), "y.csv_bi": csvBi(SEIZURE) };
  const packed = { "x.csv_bi": csvBi(SEIZURE), "y.csv_bi.gz": "packed", "x.csv.gz": "packed" };
  for (const [ref, hyp, side] of [
    [packed, both, "reference"],
    [both, packed, "hypothesis"],
  ] as const) {
    const found = await pairsOf(t, ref, hyp);
    assert.deepEqual(refusals(found), [["y", side, "compressed-annotation"]]);
    assert.deepEqual([found.pairs.map(({ id }) => id), found.missing], [["x"], []]);
  }
});

test("pairTrees refuses a reference or hypothesis that says nothing, whatever its format", async (t) => {
  for (const [name, text, whole] of [
    ["x.csv_bi", csvBi(""), csvBi(SEIZURE)],
    ["x.tsv", TSV, `${TSV}100\t30\tsz\tn/a\tn/a\tn/a\t600\n`],
    ["x.tse_bi", "version = tse_v1.0.0\n", "version = tse_v1.0.0\n0 100 bckg 1\n100 130 seiz 1\n"],
  ] as const) {
    const reference = await pairsOf(t, { [name]: text }, { "x.csv_bi": csvBi(SEIZURE) });
    assert.deepEqual([reference.pairs, refusals(reference)], [[], [["x", "reference", "labels-incomplete"]]], name);
    const hypothesis = await pairsOf(t, { "x.csv_bi": csvBi(SEIZURE) }, { [name]: text });
    assert.deepEqual([hypothesis.pairs, refusals(hypothesis)], [[], [["x", "hypothesis", "labels-incomplete"]]], name);
    const sound = await pairsOf(t, { "x.csv_bi": csvBi(SEIZURE) }, { [name]: whole });
    const { event } = scoreSzcore(sound.pairs);
    assert.deepEqual([refusals(sound), event.refTrue, event.tp, event.fp], [[], 1, 1, 0], name);
  }
});

test("pairTrees refuses durations that are zero, missing or other ones by file, and scores the rest", async (t) => {
  const found = await pairsOf(
    t,
    {
      "zero.csv_bi": csvBi(SEIZURE, 0),
      "none.csv_bi": csvBi(SEIZURE, "no"),
      "other.csv_bi": csvBi(SEIZURE, 600),
      "a.csv_bi": csvBi(SEIZURE),
    },
    {
      "zero.csv_bi": csvBi(SEIZURE),
      "none.csv_bi": csvBi(SEIZURE, "no"),
      "other.csv_bi": csvBi(SEIZURE, 605),
      "a.csv_bi": csvBi(SEIZURE),
    },
  );
  assert.deepEqual(refusals(found), [
    ["none", "reference", "duration-missing"],
    ["other", "hypothesis", "durations-differ"],
    ["zero", "reference", "starts-past-the-end"],
    ["zero", "reference", "duration-invalid"],
  ]);
  assert.ok(found.refused.every(({ file }) => /(ref|hyp).(zero|none|other)\.csv_bi$/.test(file)));
  assert.deepEqual(
    found.pairs.map(({ id }) => id),
    ["a"],
  );
});

test("pairTrees tells a row without a length and counts it as event lists do", async (t) => {
  const rows = "TERM,100,100,seiz,1\nTERM,300,330,seiz,1\n";
  const found = await pairsOf(
    t,
    { "x.csv_bi": csvBi(rows) },
    { "x.csv_bi": csvBi("TERM,90,110,seiz,1\nTERM,310,320,seiz,1\n") },
  );
  const { event, sample } = scoreSzcore(found.pairs);
  assert.deepEqual([event.refTrue, event.tp, event.fp, sample.refTrue], [2, 2, 0, 30]);
  assert.deepEqual(
    found.notes.map(({ code, line }) => [code, line]),
    [["zero-length", 5]],
  );
  assert.match(found.notes[0]!.message, /SzCORE's events, NEDC's OVLP, TAES and DPALIGN\) count the row/);
  const alone = await pairsOf(
    t,
    { "x.csv_bi": csvBi("TERM,300,330,seiz,1\n") },
    { "x.csv_bi": csvBi("TERM,100,100,seiz,1\n") },
  );
  const scored = scoreSzcore(alone.pairs).event;
  assert.deepEqual([scored.refTrue, scored.tp, scored.fp], [1, 0, 1]);
});

test("pairTrees passes over a table of something else, and not a broken file of a recording", async (t) => {
  const notes = "name,age\nx,3\n";
  const found = await pairsOf(
    t,
    { "x.csv_bi": csvBi(SEIZURE), "notes.csv": notes, "sub/list.tsv": "a\tb\n1\t2\n" },
    { "x.csv_bi": csvBi(SEIZURE), "detector.csv": notes },
  );
  assert.deepEqual([refusals(found), found.pairs.length, found.missing], [[], 1, []]);
  assert.deepEqual(
    found.notes.map(({ code }) => code),
    ["not-annotations", "not-annotations", "not-annotations"],
  );
  for (const text of [notes, "<html>", "", "# version = csv_v1.0.0\nchan", "channel,start_ti"]) {
    const broken = await pairsOf(t, { "x.csv": text, "y.csv_bi": csvBi(SEIZURE) }, { "x.csv_bi": csvBi(SEIZURE) });
    assert.equal(broken.refused[0]?.id, "x", text);
  }
  const silent = await pairsOf(t, { "x.csv": "<html>", "y.csv_bi": csvBi(SEIZURE) }, { "y.csv_bi": csvBi(SEIZURE) });
  assert.deepEqual(refusals(silent), [["x", "reference", "unreadable"]], "a broken reference does not vanish");
});

test("pairTrees holds a reference against the recording beside it", async (t) => {
  const edf = encodeEdf({
    ...{ kind: "EDF", recordDurationSeconds: 1 },
    signals: [{ label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 1, samples: new Int16Array(300) }],
  });
  const found = await pairsOf(t, { "x.csv_bi": csvBi(SEIZURE), "x.edf": edf }, { "x.csv_bi": csvBi(SEIZURE) });
  assert.deepEqual(refusals(found), [["x", "reference", "duration-differs"]]);
  const untold = await pairsOf(
    t,
    { "x.tse": "version = tse_v1.0.0\n0 400 bckg 1\n400 430 seiz 1\n", "x.edf": edf },
    { "x.csv_bi": csvBi(SEIZURE, 300) },
  );
  assert.deepEqual(refusals(untold), [["x", "reference", "starts-past-the-end"]]);
});

test("readScoreTree reads one recording by its file, names a file of another kind, and refuses only what cannot be read", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "ictal-tree-"));
  t.after(() => rm(root, { recursive: true }));
  await writeFile(join(root, "x.csv_bi"), csvBi(SEIZURE));
  await writeFile(join(root, "x.edf"), "no recording");
  assert.deepEqual([...(await readScoreTree(join(root, "x.csv_bi"), "--ref")).keys()], ["x"]);
  await assert.rejects(readScoreTree(join(root, "x.edf"), "--hyp"), /x\.edf is not an annotation file; .*check --hyp/);
  await symlink("nowhere", join(root, "y.csv_bi"));
  const tree = await readScoreTree(root, "--ref");
  const { pairs, refused } = pairTrees(tree, tree, 0.1);
  assert.deepEqual([pairs.length, refused[0]!.id, refused[0]!.code], [1, "y", "unreadable"]);
});

test("in a BIDS folder annotations below derivatives are no references, and a detection may name its recording with _eeg", async (t) => {
  const stem = "sub-01/eeg/sub-01_task-rest_run-00";
  const row = `${TSV}100\t30\tsz\tn/a\tn/a\tn/a\t600\n`;
  const ref = { [`${stem}_events.tsv`]: row, [`derivatives/expert-A/${stem}_events.tsv`]: row };
  const bname = csvBi(SEIZURE).replace("#\n", "# bname = sub-01_task-rest_run-00_eeg\n#\n");
  const found = await pairsOf(t, ref, { [`${stem}_eeg.csv_bi`]: bname });
  assert.deepEqual([found.pairs.map(({ id }) => id), found.missing, found.notes, found.refused], [[stem], [], [], []]);
});
