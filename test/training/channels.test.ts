/** Detectors take the channels of the configuration and of the cache; a number of their own is only compared with them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { requireSameChannels } from "../../src/cli/same-channels.js";
import { parseConfig } from "../../src/config/load-config.js";
import { trainOptionsFromConfig } from "../../src/config/train-options.js";
import { createDetector } from "../../src/model/detector.js";
import { initialValues } from "../../src/model/parameters.js";
import { DETECTOR_NAMES } from "../../src/model/registry.js";
import { saveSafetensors } from "../../src/model/safetensors.js";
import { storedTensors } from "../../src/model/weights.js";
import { checkFits, detectorFor } from "../../src/training/check-fit.js";
import { readWeightsOrigin } from "../../src/training/load-weights.js";
import { fillTrainOptions } from "../../src/training/options.js";
import { openTrainingData } from "../../src/training/run-data.js";
import { setUpRun } from "../../src/training/run-setup.js";
import { madeOptions, makeTrainingCache, TINY_UNET, temporaryFolder } from "./made-run.js";

const configOf = (text: string) => parseConfig(text, "a.yaml", { environment: {} }).config;

test("every detector of a configuration takes as many channels as the cache of the configuration has", () => {
  const small = "encoder: { stages: 1, channels: [8] }, mamba: { d_model: 8, head_size: 8, n_layers: 1 }";
  for (const name of DETECTOR_NAMES)
    for (const [choice, expected] of [
      ["preprocessing: { reference: double_banana }", 18],
      ["preprocessing: { reference: tcp22 }", 22],
      ["data: { channels: [C3-P3, FT9, BTEleft SD] }", 3],
      ["{}", 19],
    ] as const) {
      const model = name === "seizure_detector" ? `model: { name: ${name}, ${small} }` : `model: { name: ${name} }`;
      const options = trainOptionsFromConfig(configOf(choice === "{}" ? model : `${choice}\n${model}`));
      assert.equal(createDetector(options.model).inputChannels, expected, `${name}, ${choice}`);
    }
});

test("a run takes the channels of its cache where its model gives no number, and refuses another number in one sentence", async (context) => {
  const dir = await temporaryFolder(context);
  await makeTrainingCache(join(dir, "cache"));
  const { inputChannels: _two, ...free } = TINY_UNET;
  const options = fillTrainOptions(madeOptions(dir, "run", { model: free }));
  const data = await openTrainingData(options.data, options.seed);
  const { detector, state } = await setUpRun(options, data, "onnx-cpu");
  assert.equal(detector.inputChannels, 2);
  assert.deepEqual(state.origin.channels, ["FP1", "F3"]);
  const three = { ...options, model: { ...TINY_UNET, inputChannels: 3 } };
  await assert.rejects(setUpRun(three, data, "onnx-cpu"), {
    tag: "ConfigError",
    message:
      /^the cache has 2 channels \(FP1, F3\), the model takes 3; leave inputChannels out, or build the cache with/,
  });
  await data.reader.close();
  const cache = { channels: ["A", "B", "C", "D", "E"], sampleRateHz: 256 };
  assert.throws(() => checkFits(detector, cache, 10), /5 channels \(A, B, C, D, …\)/);
  assert.equal(detectorFor({ name: "eegnet" }, cache).inputChannels, 5);
});

test("weights and a configuration of other channels are told apart by the head of the file alone", async (context) => {
  const dir = await temporaryFolder(context);
  const detector = createDetector({ name: "unet", channels: [4, 4], inputChannels: 2 });
  const specs = [...detector.parameters, ...detector.buffers];
  const origin = {
    ...{ model: detector.config, windowSamples: 1024, sampleRateHz: 256 },
    ...{ channels: ["C3-P3", "P3-O1"], cacheKey: "k" },
  };
  const path = join(dir, "w.safetensors");
  await saveSafetensors(path, storedTensors(specs, initialValues(specs, 7)), { ictal: JSON.stringify(origin) });
  assert.deepEqual((await readWeightsOrigin(path))?.channels, origin.channels);
  await requireSameChannels(path, configOf("data: { channels: [C3-P3, P3-O1] }"));
  await assert.rejects(requireSameChannels(path, configOf("preprocessing: { reference: double_banana }")), {
    tag: "CacheError",
    message:
      /gives 18 channels \(FP1-F7, .*, …\), the weights in .* take 2 channels \(C3-P3, P3-O1\); set preprocessing/,
  });
  await assert.rejects(readWeightsOrigin(join(dir, "none")), { tag: "NotFoundError" });
});
