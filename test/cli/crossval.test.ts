import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { describeCache } from "../../src/cache/describe.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { type PredictionOrigin, readPrediction, writePrediction } from "../../src/training/prediction-store.js";
import { makeCache, RATE, seizure, temporaryFolder } from "../cache/made-cache.js";
import { ICTAL, ictal } from "../cluster/made-plan.js";

/** The cache of a flat corpus: `patients` of half a minute in no split, all but the last with a seizure. */
async function made(context: TestContext, patients = "abcdef") {
  const dir = await temporaryFolder(context);
  const recordings = [...patients].map((patient, i) => ({
    id: `all/${patient}/root/any/t0`,
    sampleCount: 30 * RATE,
    seizures: i + 1 === patients.length ? [] : [seizure(10, 20)],
  }));
  const cacheDir = join(dir, "cache");
  const { folder } = await makeCache(cacheDir, recordings, { description: describeCache(DEFAULT_CHAIN, "int16") });
  await writeManifest(cacheDir, { key: folder.key });
  const config = join(dir, "made.yaml");
  await writeFile(
    config,
    `data: { cache_dir: ${cacheDir}, window_size: 10, stride: 10, use_balanced_sampling: false }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { epochs: 2, batch_size: 4, learning_rate: 1e-3, early_stopping: { metric: auroc } }
experiment: { output_dir: ${dir}/run, device: cpu }
`,
  );
  return { dir, config, out: join(dir, "cv") };
}

const receipt = (out: string, shard: number) => join(out, "shards", `${shard}.json`);

test("crossval killed in the middle goes on with the folds that are left, and scores all patients out of fold", async (context) => {
  const { config, out } = await made(context);
  const words = ["crossval", "--config", config, "--folds", "2", "--out", out];
  const child = spawn(ICTAL[0]!, [...ICTAL.slice(1), ...words], { stdio: "ignore" });
  const ended = once(child, "exit");
  while (!existsSync(receipt(out, 0)) && child.exitCode === null) await sleep(20);
  child.kill("SIGKILL");
  await ended;
  const { mtimeMs } = await stat(receipt(out, 0));
  const done = ictal([...words, "--json"]);
  assert.equal(done.status, 0, done.stderr);
  assert.equal((await stat(receipt(out, 0))).mtimeMs, mtimeMs); // the finished fold was not trained again
  const json = done.json();
  assert.deepEqual([json.folds, json.seeds, json.patients, json.patientsWithSeizures], [2, [42], 6, 5]);
  assert.ok(json.outOfFold.auroc > 0 && json.outOfFold.interval.length === 2);
  assert.equal(typeof json.outOfFold.event.sensitivity, "number");
  assert.deepEqual(
    json.perFold.map(({ fold, epochs, thresholdFrom }: Record<string, unknown>) => [fold, epochs, thresholdFrom]),
    [0, 1].map((fold) => [fold, 2, "dev"]),
  );
  assert.match(json.chosen.epoch, /best auroc on dev, 1 patients? \(20 %\) of each training part$/);
  const page = await readFile(json.report, "utf8");
  assert.match(page, /Each patient was scored by a detector that never saw them/);
  assert.match(page, /<dt>AUROC, out of fold<\/dt><dd>0\.\d{3}<\/dd>/);
  assert.equal(
    page.match(/<th scope="row">[01]<\/th>/g)?.length,
    4,
    "each fold in the table of scores and in that of patients",
  );

  const splits = JSON.parse(await readFile(join(out, "seed-42", "fold-1", "splits.json"), "utf8"));
  assert.deepEqual([splits.by, splits.fold, splits.splits.eval.patients.length], ["folds", 1, 3]);
  const text = ictal([...words, "--report-only"]);
  assert.match(text.stdout, /^2 folds of 6 patients \(5 with seizures\), one seed\nout of fold: AUROC 0\.\d{3} \(/);
  assert.match(text.stdout, /expected calibration error 0\.\d{3}, probabilities as the networks give them/);
  const corrected = ictal([...words, "--report-only", "--calibrate", "--json"]).json().calibration.corrected;
  assert.ok(Math.abs(corrected.uncorrectedError - json.calibration.expectedError) < 1e-12);
  assert.deepEqual(
    corrected.perFold.map(({ fold, fitted }: Record<string, unknown>) => [fold, Object.keys(fitted as object)]),
    [0, 1].map((fold) => [fold, ["temperature", "bias", "prevalence", "patients"]]),
  );
  assert.match(await readFile(json.report, "utf8"), /before the correction that each fold/);
  const other = ictal([...words, "--set", "training.epochs=1"]);
  assert.equal(other.status, 2);
  assert.match(other.stderr, /holds a cross-validation with other options, folds or recordings/);

  const predictions = join(out, "seed-42", "fold-1", "predictions");
  const id = `all/${splits.splits.eval.patients[0]}/root/any/t0`;
  const { sidecar, ...stored } = await readPrediction(predictions, id);
  const { checkpointHash, cacheKey, type } = sidecar;
  const refused = async (change: Partial<PredictionOrigin>, fault: string) => {
    await writePrediction(predictions, stored, { checkpointHash, cacheKey, type, ...change });
    const { status, stderr } = ictal([...words, "--report-only"]);
    assert.equal(status, 1, stderr);
    const sentence = `the prediction of ${id} in fold 1 ${fault}, so it is not known to be out of fold; delete ${predictions} and ${receipt(out, 1)}, and run the same ictal crossval again`;
    assert.ok(stderr.includes(sentence), stderr);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  };
  const leak = `comes from the checkpoint 000000000000, the fold's is ${checkpointHash.slice(0, 12)}`;
  await refused({ calibrationHash: "1".repeat(64) }, "has the calibration 111111111111, the folds have none");
  await refused({ checkpointHash: "0".repeat(64) }, leak);
  await rm(predictions, { recursive: true });
  const gone = ictal([...words, "--report-only"]).stderr;
  const [slip, told] = [receipt(out, 1), ` of fold 1 in ${predictions}; `];
  assert.match(gone, /^ictal: no prediction of all\/\w\/root\/any\/t0 of fold 1/);
  assert.ok(gone.includes(`${told}${slip} says that the fold was finished`), gone);
  await rm(slip);
  assert.ok(
    ictal([...words, "--report-only"]).stderr.includes(`${told}the fold is not finished (there is no ${slip})`),
  );
  const mended = ictal([...words, "--json"]);
  assert.equal(mended.status, 0, mended.stderr);
  assert.deepEqual(mended.json().outOfFold, json.outOfFold); // the advice leads back to the same scores
});

test("crossval and the flags of splits refuse what cannot be in one sentence, before any work", async (context) => {
  const { dir, config, out } = await made(context);
  const lone = await made(context, "ab");
  await mkdir(join(dir, "s"));
  await writeFile(join(dir, "s", "train.txt"), "a\nz\n");
  const cases: [string[], number, RegExp][] = [
    [
      ["crossval", "--config", config, "--out", out],
      2,
      /give --folds K, the number of folds, or --leave-one-patient-out/,
    ],
    [["crossval", "--config", config, "--out", out, "--folds", "9"], 2, /9 folds of 6 patients/],
    [
      ["crossval", "--config", lone.config, "--out", lone.out, "--folds", "2"],
      2,
      /one of the 2 patients has a seizure/,
    ],
    [["train", "--config", config, "--folds", "5", "--fold", "7"], 2, /invalid --fold 7 of 5 folds: .* from 0 to 4/],
    [
      ["train", "--config", config, "--folds", "5"],
      2,
      /--folds needs --fold, from 0 to 4; ictal crossval runs all folds/,
    ],
    [["train", "--config", config, "--splits", join(dir, "s")], 2, /one patient is not among the 6 of the corpus: z/],
    [["dataset", "inspect", "--config", config, "--splits", dir, "--folds", "3"], 2, /give one of them/],
  ];
  for (const [words, status, message] of cases) {
    const found = ictal(words);
    assert.equal(found.status, status, found.stderr);
    assert.match(found.stderr, message);
    assert.equal(found.stderr.trim().split("\n").length, 1, found.stderr);
  }
});

test("a corpus without splits trains with plain defaults, predicts the same dev patients, and --split all means every one", async (context) => {
  const { dir, config } = await made(context);
  const trained = ictal(["train", "--config", config, "--json"]);
  assert.equal(trained.status, 0, trained.stderr);
  assert.match(
    trained.stderr,
    /the corpus has no splits of its own: patients were drawn .*: train 4 patients \(3 with seizures\), dev 1 \(1\), eval 1 \(1\)/,
  );
  const { splits } = JSON.parse(await readFile(join(dir, "run", "splits.json"), "utf8"));
  const predict = (split: string, ...more: string[]) =>
    ictal([
      "predict",
      "--config",
      config,
      "--checkpoint",
      join(dir, "run"),
      "--out",
      join(dir, split),
      "--split",
      split,
      "--json",
      ...more,
    ]);
  const dev = predict("dev");
  assert.equal(dev.json().recordings, 1);
  assert.doesNotMatch(dev.stderr, /trained on/);
  assert.ok(existsSync(join(dir, "dev", "all", splits.dev.patients[0])));
  const all = predict("all");
  assert.equal(all.json().recordings, 6);
  assert.match(all.stderr, /4 of the 6 patients of all have the names of patients that the checkpoint was trained on/);
  const inspected = ictal(["dataset", "inspect", "--config", config, "--splits", join(dir, "run"), "--json"]).json();
  assert.deepEqual(inspected.splits.splits.train.patients, splits.train.patients);
  const searched = ictal(["threshold", "--config", config, "--predictions", join(dir, "all"), "--split", "eval"]);
  assert.match(searched.stderr, /search on dev and score eval at the threshold found there/);
});
