import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { detectorOrigin } from "../../src/config/detector-origin.js";
import { deviceFromConfig } from "../../src/config/layer-options.js";
import { loadConfig, parseConfig } from "../../src/config/load-config.js";
import { trainOptionsFromConfig } from "../../src/config/train-options.js";
import { createDetector } from "../../src/model/detector.js";
import { parameterCount } from "../../src/model/parameters.js";
import { fillTrainOptions } from "../../src/training/options.js";

const configs = fileURLToPath(new URL("../../../configs/", import.meta.url));
const optionsOf = (yaml: string, set = ["model.name=seizure_detector"]) =>
  trainOptionsFromConfig(parseConfig(yaml, "made.yaml", { environment: {}, set }).config);
const ownModel = (yaml: string) => optionsOf(yaml, []);

test("every config of the project gives a run whose detector can be built", async () => {
  for (const file of readdirSync(configs).filter((name) => name.endsWith(".yaml"))) {
    const { config } = await loadConfig(`${configs}${file}`, { environment: {} });
    const options = fillTrainOptions(trainOptionsFromConfig(config));
    const { parameters, inputChannels } = createDetector(options.model);
    assert.equal(inputChannels, 19);
    if (file.startsWith("tusz_")) assert.equal(parameterCount(parameters), 32_606_439, file);
    assert.equal(options.runDir, config.experiment.output_dir);
    assert.equal(options.data.cacheDir, config.data.cache_dir);
  }
});

test("a config's keys reach the run under their own meaning", () => {
  const options = optionsOf(`
data: { window_size: 30, stride: 5, split_policy: custom, validation_split: 0.3, use_balanced_sampling: false }
training: { epochs: 7, batch_size: 3, loss: focal, focal_alpha: 0.25, learning_rate: 1e-3, weight_decay: 0.1, decay_all: true, ema_decay: 0.99, gradient_clip: 2 }
experiment: { seed: 5, device: cuda }
`);
  assert.equal(options.data.devSplit, null);
  assert.equal(options.data.devShare, 0.3);
  assert.equal(options.data.balance, false);
  assert.equal(options.data.windowSeconds, 30);
  assert.deepEqual(options.optimizer, {
    name: "adamw",
    weightDecay: 0.1,
    decayAll: true,
    gradientClip: 2,
    emaDecay: 0.99,
  });
  assert.equal(options.loss!.alpha, 0.25);
  assert.equal(options.seed, 5);
  assert.equal(options.device, "onnx-cuda");
});

test("weights of others take the channels and the direction of the configuration", () => {
  for (const [section, channels] of [
    ["preprocessing: { reference: double_banana }", 18],
    ["data: { channels: [C3, C4, Cz] }", 3],
    ["", 19],
  ] as const) {
    const text = `${section}\nmodel: { name: unet }\nexperiment: { causal: true }\n`;
    const { model, channels: names } = detectorOrigin(parseConfig(text, "x.yaml").config);
    const { inputChannels } = createDetector(model);
    assert.deepEqual([inputChannels, names.length, "causal" in model && model.causal], [channels, channels, true]);
  }
});

test("the configuration names the optimizer and the batches of a step", () => {
  assert.equal(optionsOf("training: { optimizer: sgd }").optimizer?.name, "sgd");
  assert.equal(optionsOf("training: { gradient_accumulation_steps: 4 }").accumulate, 4);
});

test("a detector's own section is checked when it is chosen, and no section is passed over unseen", () => {
  const wrong: [string, RegExp][] = [
    ["model: { name: unett }", /unknown model.name: unett; known are .*; did you mean unet\?/],
    ["model: { name: unet, unt: {} }", /unknown key model.unt; did you mean model.unet\?/],
    [
      "model: { name: unet, unet: { kernel_sizes: 3 } }",
      /unknown key model.unet.kernel_sizes; did you mean model.unet.kernel_size\?/,
    ],
    ["model: { name: unet, unet: { channels: 3 } }", /invalid model.unet.channels: 3; expected a list/],
    [
      "model: { name: unet, unet: { channels: [4, 0] } }",
      /invalid model.unet.channels.1: 0; expected a number of at least 1/,
    ],
    ["model: { name: unet, initialization: reference }", /a start of seizure_detector, unet has only its own/],
    ["model: { mamba: { head_size: 48 } }", /headSize: 48; expected a divisor of 1024/],
  ];
  for (const [yaml, message] of wrong)
    assert.throws(() => createDetector(ownModel(yaml).model), { name: "ConfigError", message });
  const { model } = optionsOf("model: { initialization: reference, mamba: { head_size: 128 } }");
  assert.deepEqual([model.name, "initialization" in model && model.initialization], ["seizure_detector", "reference"]);
});

test("what cannot be done is refused in words", () => {
  assert.throws(() => ownModel("data: { window_size: 59 }\nmodel: { name: unet, unet: { downsample_factor: 5 } }"), {
    name: "ConfigError",
    message: /windows of 59 s are 15104 samples at 256 Hz; unet takes multiples of 1000 samples, e\.g\. 125 s/,
  });
  assert.throws(() => optionsOf("training: { early_stopping: { metric: loss } }"), {
    name: "ConfigError",
    message: /mode is max, but loss is better when smaller/,
  });
  assert.throws(() => optionsOf("model: { encoder: { channels: [8, 16, 24, 32] } }"), {
    name: "ConfigError",
    message: /4 stages that double: 8, 16, 32, 64/,
  });
  assert.throws(() => optionsOf("model: { mamba: { d_model: 256 } }"), {
    name: "ConfigError",
    message: /d_model: 256; expected 512/,
  });
  assert.throws(() => fillTrainOptions({ ...optionsOf(""), batchSize: 0 }), {
    name: "ConfigError",
    message: /batchSize: 0/,
  });
});

test("PyTorch's device names mean the executor that runs there", () => {
  for (const [device, executor] of [
    ["cuda", "onnx-cuda"],
    ["cpu", "onnx-cpu"],
    ["auto", "auto"],
    ["wasm", "wasm"],
  ]) {
    const { config } = parseConfig(`experiment: { device: ${device} }`, "made.yaml", { environment: {} });
    assert.equal(deviceFromConfig(config), executor);
  }
});
