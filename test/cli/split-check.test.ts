/** What splits, channels and labels do not allow is told before a cache is built, by every verb that asks for it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { type MadeFile, makeObjects, type Objects, writeObjects } from "../cache/made-corpus.js";
import { ictal } from "../cluster/made-plan.js";
import { makeEdf } from "../corpus/made-field.js";

const SEIZURE = [[5, 12, "seiz"]] as const;

/** A recording of patient aaaaaaaX. */
const file = (name: string, split: string, events: MadeFile["events"], more: Partial<MadeFile> = {}): MadeFile => ({
  patient: `aaaaaaa${name}`,
  ...{ split, seconds: 20, events: events ?? [] },
  ...more,
});

/** A corpus, and a configuration of it without a cache. */
async function made(context: TestContext, objects: Objects) {
  const dir = await temporaryFolder(context);
  await writeObjects(join(dir, "corpus"), objects);
  const config = join(dir, "made.yaml");
  await writeFile(
    config,
    `data: { data_dir: ${dir}/corpus, cache_dir: ${dir}/cache, window_size: 10, stride: 5, use_balanced_sampling: false }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { epochs: 1, batch_size: 4, early_stopping: { metric: auroc } }
experiment: { output_dir: ${dir}/run, device: cpu }
`,
  );
  const run = (verb: string, ...words: string[]) => ictal([...verb.split(" "), "--config", config, ...words]);
  const refused = (verb: string, words: readonly string[], sentence: RegExp) => {
    const { status, stderr } = run(verb, ...words);
    assert.equal(status, 2, `${verb}: ${stderr}`);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.ok(!existsSync(join(dir, "cache")), `${verb} has built`);
  };
  return { dir, run, refused, crossval: ["--folds", "2", "--out", join(dir, "cv")] };
}

test("a training part without a seizure is refused before the build, by every kind of split, and told by cache build", async (context) => {
  const { dir, run, refused } = await made(
    context,
    makeObjects([
      file("a", "train", []),
      file("b", "train", []),
      file("c", "dev", SEIZURE),
      file("e", "eval", SEIZURE),
    ]),
  );
  await mkdir(join(dir, "s"));
  await writeFile(join(dir, "s", "train.txt"), "aaaaaaaa\n");
  const official = /none of the 2 patients of train has a seizure \(the corpus's own splits\); choose other splits/;
  refused("train", [], official);
  refused("train", ["--splits", join(dir, "s")], /the one patient of train has no seizure \(the splits of /);
  refused(
    "train",
    ["--folds", "2", "--fold", "0"],
    /one of the 3 patients has a seizure, so a training part would have none/,
  );
  refused("crossval", ["--folds", "2", "--out", join(dir, "cv")], /one of the 3 patients has a seizure/);
  refused("crossval", ["--folds", "4", "--out", join(dir, "cv")], /4 folds of 3 patients: each fold needs a patient/);
  refused("cache build", ["--folds", "2", "--fold", "1"], /one of the 3 patients has a seizure/);
  const built = run("cache build");
  assert.equal(built.status, 0, built.stderr);
  assert.match(
    built.stderr,
    /^ictal: none of the 2 patients of train has a seizure: nothing can be trained on these splits\n/,
  );
  const again = run("train");
  assert.deepEqual([again.status, again.stderr.trim().split("\n").length], [2, 1], again.stderr); // of the cache that is there, too
  assert.match(again.stderr, official);
});

test("dev and held-out patients without a seizure are told before the build, and by what predicts and scores them", async (context) => {
  const { dir, run } = await made(
    context,
    makeObjects([file("a", "train", SEIZURE), file("b", "train", []), file("c", "dev", []), file("e", "eval", [])]),
  );
  const trained = run("train");
  assert.equal(trained.status, 0, trained.stderr);
  const [dev, held, building] = trained.stderr.split("\n");
  assert.match(dev!, /^ictal: the one patient of dev has no seizure: .*; an epoch that they would choose is the last$/);
  const silent =
    /^ictal: the one patient of eval has no seizure: false alarms can be scored there, AUROC and sensitivity cannot$/;
  assert.match(held!, silent);
  assert.match(building!, /contains no cache for this configuration; building it from/);
  assert.equal(trained.stderr.match(/patient of eval/g)?.length, 1, trained.stderr);
  const out = join(dir, "out");
  const predicted = run("predict", "--checkpoint", join(dir, "run"), "--out", out);
  assert.match(predicted.stderr, /^ictal: the one patient of dev has no seizure: false alarms can be scored there/);
  const searched = run("threshold", "--predictions", out);
  assert.equal(searched.status, 2, searched.stderr);
  assert.match(
    searched.stderr,
    /none of the 1 labelled recordings of dev has a seizure, so no threshold has a sensitivity/,
  );
  const part = join(dir, "corpus", "edf", "dev");
  const scored = ictal(["score", "--ref", part, "--hyp", part]);
  assert.match(scored.stderr, /no seizure in the references of the 1 recordings that are scored/);
});

test("train and crossval refuse channels that part of the files lacks and labels in doubt before the build, or accept them", async (context) => {
  const few = { electrodes: ELECTRODES_19.slice(9) };
  const { dir, run, refused, crossval } = await made(
    context,
    makeObjects([
      file("a", "train", SEIZURE, few),
      file("b", "train", SEIZURE),
      file("c", "train", [[5, 1200, "seiz"]]),
      file("d", "dev", SEIZURE),
    ]),
  );
  const lacking =
    /1 of 4 recordings lack channels \(train\/aaaaaaaa\/\S+\): .*interpolation needs at least 15; to work without these recordings: --accept missing-electrodes$/m;
  refused("train", [], lacking);
  refused("crossval", crossval, lacking);
  const doubtful =
    /the labels of 1 of 4 recordings are unknown \(train\/aaaaaaac\/\S+\): .*ends 1180\.0000 s past .*--accept past-the-end$/m;
  const accept = ["--accept", "missing-electrodes"];
  const one = run("train", ...accept);
  assert.equal(one.status, 2, one.stderr);
  assert.match(one.stderr, doubtful);
  const split = run("train", "--accept", "missing-electrodes,past-the-end", "--max-steps", "1");
  assert.equal(split.status, 0, split.stderr);
  assert.match(split.stderr, /1 of 4 recordings lack channels .*; they will be excluded\n.*building it from/);
  await rm(join(dir, "cache"), { recursive: true });
  const folds = run("crossval", ...crossval, ...accept);
  assert.equal(folds.status, 2, folds.stderr);
  assert.match(folds.stderr, doubtful);
});

test("a participants.tsv that contradicts the folders stops every verb that would take splits from it", async (context) => {
  const labels = ELECTRODES_19.map((name) => `${name}-Ref`);
  const seconds = 20;
  const head = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n";
  const events = `${head}5.0\t7.0\tsz_foc_ia\tn/a\tn/a\t2016-01-01 12:00:00\t${seconds}.0\n`;
  const names = ["01", "02", "03", "04"];
  const stems = names.map((name) => `sub-${name}/eeg/sub-${name}_task-szMonitoring_run-00`);
  const recordings = stems.flatMap((stem, seed) => [
    [`${stem}_eeg.edf`, makeEdf({ labels, seconds, seed })] as const,
    [`${stem}_events.tsv`, events] as const,
  ]);
  const table = "participant_id\tsplit\nsub-01\ttrain\nsub-02\tdev\nsub-03\ttest\n";
  const { dir, run, refused, crossval } = await made(context, {
    ...Object.fromEntries(recordings),
    "participants.tsv": table,
  });
  const sentence =
    /participants\.tsv: folders without a row, so without a split: sub-04; correct participants\.tsv, or say the splits yourself with --splits DIR/;
  for (const verb of ["train", "cache build"]) refused(verb, [], sentence);
  refused("train", ["--set", "data.split.by=patients"], sentence);
  refused("crossval", crossval, sentence);
  await mkdir(join(dir, "s"));
  for (const [split, name] of Object.entries({ train: "04", dev: "01" }))
    await writeFile(join(dir, "s", `${split}.txt`), `sub-${name}\n`);
  const own = ["--splits", join(dir, "s")];
  const trained = run("train", ...own);
  assert.equal(trained.status, 0, trained.stderr);
  const out = join(dir, "out");
  const predict = ["--checkpoint", join(dir, "run"), "--out", out];
  assert.equal(run("predict", ...predict, ...own).status, 0);
  const undecided =
    /the corpus gives one patient no split while others have one \(sub-04\); correct participants\.tsv and build/;
  for (const [verb, words] of [
    ["predict", predict],
    ["threshold", ["--predictions", out]],
    ["dataset inspect", []],
    ["train", ["--replace"]],
    ["crossval", crossval],
  ] as const) {
    const { status, stderr } = run(verb, ...words);
    assert.equal(status, 2, `${verb}: ${stderr}`);
    assert.match(stderr, undecided, verb);
  }
  await writeFile(join(dir, "corpus", "participants.tsv"), `${table}sub-04\ttrain\n`);
  assert.equal(run("cache build").status, 0);
  const again = run("predict", ...predict, "--events", "--split", "eval");
  assert.equal(again.status, 0, again.stderr);
  assert.match(again.stdout, / --splits RUN --split eval$/m); // its folders hold other patients, too
});
