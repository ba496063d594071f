import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../src/config/load-config.js";
import { trainOptionsFromConfig } from "../../src/config/train-options.js";
import { createDetector } from "../../src/model/detector.js";
import { fillTrainOptions, recipeDifferences, recipeOf, type TrainOptions } from "../../src/training/options.js";

const api: TrainOptions = { runDir: "r", data: { cacheDir: "c" }, model: { name: "unet" } };
const yaml = (text: string) =>
  trainOptionsFromConfig(parseConfig(text, "a.yaml", { environment: {}, set: ["model.name=unet"] }).config);
const recipe = (options: TrainOptions) => {
  const filled = fillTrainOptions(options);
  return recipeOf(filled, createDetector(filled.model).config);
};

test("a run by the API and the same run by a configuration have the same defaults and the same recipe", () => {
  const { runDir: _a, data: ofApi, model: _b, device: _c, numWorkers: _d, ...first } = fillTrainOptions(api);
  const { runDir: _e, data: ofYaml, model: _f, device: _g, numWorkers: _h, ...second } = fillTrainOptions(yaml(""));
  assert.deepEqual(JSON.parse(JSON.stringify(second)), JSON.parse(JSON.stringify(first)));
  const { cacheDir: _i, key: _j, ...windows } = ofApi;
  const { cacheDir: _k, key: _l, ...others } = ofYaml;
  assert.deepEqual(others, windows);
  assert.deepEqual(recipeDifferences(recipe(api), recipe(yaml(""))), []);
  const focal = { ...api, loss: { kind: "focal" as const, alpha: 0.3 }, optimizer: { name: "sgd" as const } };
  assert.deepEqual(
    recipeDifferences(recipe(focal), recipe(yaml("training: { loss: focal, focal_alpha: 0.3, optimizer: sgd }"))),
    [],
  );
});

test("a recipe of an earlier version, without the keys that did not exist, equals the same run's now", () => {
  const old = {
    model: createDetector(api.model).config,
    epochs: 1,
    batchSize: 16,
    seed: 42,
    learningRate: 3e-4,
    schedule: {},
    loss: { kind: "bce", posWeight: "auto" },
    optimizer: {},
    augment: null,
    windows: {
      windowSeconds: 60,
      strideSeconds: 10,
      trainSplit: "train",
      devSplit: "dev",
      devShare: 0.2,
      splitSeed: 42,
      balance: {},
    },
  };
  assert.deepEqual(recipeDifferences(old, recipe(api)), []);
  assert.deepEqual(recipeDifferences({ ...old, optimizer: { name: "adamw", beta1: 0.9 } }, recipe(api)), []);
  assert.match(
    recipeDifferences({ ...old, optimizer: { weightDecay: 0.01 } }, recipe(api)).join(),
    /^optimizer: .*0\.01.* then, .*0\.05.* now$/,
  );
  assert.match(
    recipeDifferences({ ...old, loss: { kind: "focal", posWeight: "auto" } }, recipe(api)).join(),
    /^loss: /,
  );
});

test("what nothing reads makes no other recipe: focal's numbers without focal, augmentations that are not given", () => {
  assert.deepEqual(recipeDifferences(recipe({ ...api, loss: { alpha: 0.1, gamma: 5 } }), recipe(api)), []);
  assert.deepEqual(recipeDifferences(recipe({ ...api, augment: {} }), recipe(api)), []);
  assert.equal(recipeDifferences(recipe({ ...api, augment: { noise: 0.1 } }), recipe(api)).length, 1);
  assert.deepEqual(recipeDifferences({ seed: 1 }, {}), ["seed: 1 then, undefined now"]);
  assert.deepEqual(recipeDifferences({}, { seed: 1 }), ["seed: undefined then, 1 now"]);
});

test("where nothing is validated the loss decides, else the configuration's metric", () => {
  assert.deepEqual(fillTrainOptions(api).metric, {
    ...{ name: "sensitivity_at_10fa", mode: "max", fallback: "auroc" },
  });
  assert.deepEqual(fillTrainOptions(api, { isValidated: false }).metric, {
    ...{ name: "loss", mode: "min", fallback: "auroc" },
  });
});
