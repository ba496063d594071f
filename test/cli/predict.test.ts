import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { calibrated } from "../../src/base/calibration-map.js";
import { calibrationText, readCalibration } from "../../src/cli/calibration-file.js";
import { commonFolder } from "../../src/cli/detection-files.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { readAnnotations } from "../../src/recording/annotation-file.js";
import { folderStore } from "../../src/store/folder-store.js";
import { readPrediction } from "../../src/training/prediction-store.js";
import { runVerb } from "./verb-thread.js";

function ictal(...args: string[]) {
  const { status, stdout, stderr } = runVerb([...args, "--json"]);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test("commonFolder(paths) is the innermost folder above all files", () => {
  assert.equal(commonFolder(["edf/dev/a/x.csv_bi", "edf/dev/b/s/y.csv_bi"]), "edf/dev");
  assert.equal(commonFolder(["edf/dev/a/x.csv_bi"]), "edf/dev/a");
  assert.equal(commonFolder(["edf/dev/x.csv_bi", "edf/de/x.csv_bi"]), "edf");
  assert.equal(commonFolder(["x.csv_bi", "a/y.csv_bi"]), "");
  assert.equal(commonFolder([]), "");
});

test("predict --events writes a tree that score compares with the corpus, recording by recording", async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-predict-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  const corpus = join(dir, "corpus");
  await synthesizeCorpus(corpus, { seed: 3, recordings: 9, maxDurationSeconds: 40 });
  const config = join(dir, "config.yaml");
  await writeFile(
    config,
    `data: { data_dir: ${corpus}, cache_dir: ${dir}/cache, window_size: 10, stride: 5 }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { epochs: 1, batch_size: 4, max_steps: 1, early_stopping: { metric: auroc } }
postprocessing: { hysteresis: { tau_on: 0.001, tau_off: 0.0005 } }
experiment: { output_dir: ${dir}/run, device: cpu }
`,
  );
  ictal("cache", "build", "--config", config, "--workers", "0", "--accept", "all");
  ictal("train", "--config", config);
  const out = join(dir, "out");
  const predicted = ictal(
    "predict",
    "--config",
    config,
    "--checkpoint",
    join(dir, "run"),
    "--out",
    out,
    "--events",
    ...["--rate", "1"],
    "--format",
    "csv_bi,tsv,json",
  );
  const { recordings } = await readCatalogue(folderStore(corpus));
  const dev = recordings.filter(({ split }) => split === "dev");
  assert.ok(dev.length > 0);
  assert.equal(predicted.events, predicted.recordings);
  assert.ok(predicted.highestProbability > 0 && predicted.highestProbability <= 1);
  const longer = runVerb([
    "predict",
    "--config",
    config,
    "--checkpoint",
    join(dir, "run"),
    "--out",
    join(dir, "longer"),
    "--set",
    "data.window_size=20",
  ]);
  assert.match(longer.stderr, /data\.window_size 20 has no effect: the weights in .*run take windows of 10 s/);
  let events = 0;
  for (const { edfKey } of dev) {
    const file = join(out, edfKey.replace(/edf$/, "csv_bi"));
    if (!existsSync(file)) continue; // left out of the cache
    const { durationSeconds, events: rows, findings } = readAnnotations(await readFile(file, "utf8"), { file });
    assert.ok(durationSeconds! > 0);
    assert.deepEqual(findings, []);
    const stem = file.replace(/csv_bi$/, "");
    const tsv = readAnnotations(await readFile(`${stem}tsv`, "utf8"), { file: `${stem}tsv` });
    const seizures = rows.filter(({ label }) => label === "seiz");
    assert.deepEqual(
      [tsv.events.filter(({ label }) => label !== "bckg").length, tsv.findings.length],
      [seizures.length, 0],
    );
    const json = JSON.parse(await readFile(`${stem}json`, "utf8"));
    assert.deepEqual([json.events.length, json.postprocess.onThreshold], [seizures.length, 0.001]);
    events += rows.filter(({ label }) => label === "seiz").length;
  }
  assert.equal(predicted.detections, events);
  assert.ok(events > 0, "thresholds near 0 detect something in untrained probabilities");
  const scored = ictal("score", "--ref", join(corpus, "edf/dev"), "--hyp", join(out, "edf/dev"));
  assert.equal(scored.recordings - scored.missing.length, predicted.recordings);
  const { id } = dev.find(({ edfKey }) => existsSync(join(out, edfKey.replace(/edf$/, "tsv"))))!;
  const { sidecar, probability } = await readPrediction(out, id);
  assert.deepEqual(
    [sidecar.rateHz, sidecar.type, sidecar.cacheKey.length, sidecar.checkpointHash.length],
    [1, "float16", 16, 64],
  );
  const calibration = join(dir, "calibration.json");
  const predictCalibrated = (checkpointHash: string) => {
    const prevalence = { fitted: 0.1, deployed: 0.1 };
    const map = {
      formatVersion: 1 as const,
      temperature: 2,
      bias: -1,
      checkpointHash,
      split: "dev",
      patients: 4,
      prevalence,
    };
    writeFileSync(calibration, calibrationText({ ...map, expectedError: { before: 0.2, outOfFold: Number.NaN } }));
    const flags = [
      "--config",
      config,
      "--checkpoint",
      join(dir, "run"),
      "--out",
      join(dir, "calibrated"),
      "--rate",
      "1",
    ];
    return runVerb(["predict", ...flags, "--calibration", calibration]);
  };
  assert.equal(predictCalibrated(sidecar.checkpointHash).status, 0);
  const corrected = await readPrediction(join(dir, "calibrated"), id);
  assert.equal(corrected.sidecar.calibrationHash?.length, 64);
  const expected = probability.map((value) => calibrated(value, { temperature: 2, bias: -1 }));
  assert.ok(corrected.probability.every((value, i) => Math.abs(value - expected[i]!) < 1e-3));
  assert.match(
    predictCalibrated("0".repeat(64)).stderr,
    /the calibration corrects the weights 000000000000, these are/,
  );
  const whole = await readFile(calibration, "utf8");
  for (const [edited, message] of [
    [whole.replace('"bias": -1', '"bias": -2'), /calibration\.json: its content is not that of its checksum/],
    [whole.replace('"checksum"', '"sum"'), /invalid checksum: nothing/],
  ] as const) {
    assert.notEqual(edited, whole);
    writeFileSync(calibration, edited);
    await assert.rejects(readCalibration(calibration), { name: "FormatError", message });
  }
  const review = (checkpoint: string) => {
    const flags = ["--config", config, "--predictions", out, "--checkpoint", checkpoint, "--out", join(dir, "pages")];
    return runVerb(["review", ...flags]);
  };
  assert.equal(review(join(dir, "run")).status, 0);
  assert.match(review(join(dir, "nowhere")).stderr, /nowhere/);
  ictal("train", "--config", config, "--set", "experiment.seed=9", "--set", `experiment.output_dir=${dir}/other`);
  const other = review(join(dir, "other"));
  assert.equal(other.status, 1);
  assert.match(
    other.stderr,
    new RegExp(`comes from the checkpoint ${sidecar.checkpointHash.slice(0, 12)}, the checkpoint given is`),
  );
  ictal("predict", "--config", config, "--checkpoint", join(dir, "other"), "--out", out);
  const left = (await readdir(join(out, "edf"), { recursive: true })).filter((name) =>
    /\.(csv_bi|tsv|json)$/.test(name),
  );
  assert.deepEqual(left, [], "no detections of the checkpoint before stay beside the new predictions");
});

test("predict names a rate and a format that cannot be", () => {
  for (const [flag, value, expected] of [
    ["--rate", "0", "expected values per second"],
    ["--format", "csv_bi,edf", 'found "edf", expected one or more of csv_bi,tsv,json'],
  ] as const) {
    const args = ["predict", "--checkpoint", "x", "--out", "y", flag, value];
    const { status, stderr } = runVerb(args);
    assert.equal(status, 2);
    assert.ok(stderr.includes(expected), stderr);
  }
});
