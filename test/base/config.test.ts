import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { loadConfig, parseConfig } from "../../src/base/config.js";
import { ConfigError, NotFoundError } from "../../src/base/errors.js";

const none = { environment: {}, projectDir: "/project" };
const configsDir = new URL("../../../configs/", import.meta.url);

for (const [name, windowSeconds] of [
  ["smoke_test", 16],
  ["smoke_unet", 60],
  ["tusz_train_wsl2", 60],
  ["tusz_train_a100", 60],
] as const) {
  test(`parseConfig accepts configs/${name}.yaml without a notice`, () => {
    const { config, notice } = parseConfig(readFileSync(new URL(`${name}.yaml`, configsDir), "utf8"), name, none);
    assert.equal(config.data.window_size, windowSeconds);
    assert.equal(notice, undefined);
  });
}

test("parseConfig accepts the reference system's keys and prints one notice for those without effect", () => {
  const text = `
data: { dataset: tuh_eeg, data_dir: d, sampling_rate: 256, n_channels: 19, num_workers: 8, pin_memory: true, prefetch_factor: 4 }
preprocessing: { montage: "10-20", bandpass: [0.5, 120], notch_freq: 60, normalize: true, use_mne: true }
model: { name: seizure_detector, mamba: { n_layers: 6, d_model: 512, d_state: 16, conv_kernel: 5, dropout: 0.1 }, decoder: { stages: 4, kernel_size: 4 } }
training: { epochs: 1, learning_rate: 3e-4, mixed_precision: true, gradient_accumulation_steps: 1, checkpoint_interval: 5 }
experiment: { name: "run_$(date +%Y%m%d)", device: cuda, wandb: { enabled: true, project: p, entity: e, tags: [a] } }
resources: { max_memory_gb: 80, distributed: false, compile_model: false }
`;
  const { config, notice } = parseConfig(text, "reference.yaml", none);
  assert.equal(config.training.learning_rate, 3e-4);
  assert.match(notice ?? "", /data\.pin_memory.*preprocessing\.use_mne.*training\.mixed_precision.*wandb/);
});

test("parseConfig refuses an unknown key and names the nearest known one", () => {
  assert.throws(
    () => parseConfig("training: { lerning_rate: 0.1 }", "a.yaml", none),
    (error: unknown) =>
      error instanceof ConfigError &&
      error.details.nearest === "learning_rate" &&
      /a\.yaml: unknown key training\.lerning_rate; did you mean training\.learning_rate\?/.test(error.message),
  );
});

test("parseConfig names key, value and what is allowed for a wrong value", () => {
  assert.throws(
    () => parseConfig("preprocessing: { bandpass: [120, 0.5] }", "a.yaml", none),
    /preprocessing\.bandpass.*\[120,0\.5\]/,
  );
  assert.throws(
    () => parseConfig("training: { loss: dice }", "a.yaml", none),
    /training\.loss: "dice".*"bce"\|"focal"/,
  );
  assert.throws(() => parseConfig("data: [", "a.yaml", none), /a\.yaml:1: not YAML/);
});

test("parseConfig applies --set overrides after the file", () => {
  const { config } = parseConfig("training: { epochs: 1 }", "a.yaml", {
    ...none,
    set: ["training.epochs=7", "data.balance.none_ratio=1"],
  });
  assert.equal(config.training.epochs, 7);
  assert.equal(config.data.balance.none_ratio, 1);
  assert.throws(() => parseConfig("", "a.yaml", { ...none, set: ["epochs"] }), /expected section\.key=value/);
});

test("BGB_LIMIT_FILES overrides data.limit_files and must be a whole number", () => {
  const limited = (value: string) =>
    parseConfig("data: { limit_files: 50 }", "a.yaml", { ...none, environment: { BGB_LIMIT_FILES: value } });
  assert.equal(limited("3").config.data.limit_files, 3);
  assert.equal(limited("").config.data.limit_files, 50);
  assert.throws(() => limited("many"), /invalid BGB_LIMIT_FILES: many/);
});

test("paths are resolved against the project and do not change the configuration's hash", () => {
  const local = parseConfig("data: { data_dir: d/edf/train, cache_dir: c }", "a.yaml", none);
  const remote = parseConfig("data: { data_dir: s3://bucket/tusz/, cache_dir: /results/c }", "a.yaml", none);
  assert.equal(local.config.data.data_dir, "/project/d/edf/train");
  assert.equal(remote.config.data.data_dir, "s3://bucket/tusz/");
  assert.equal(local.configHash, remote.configHash);
  assert.notEqual(local.configHash, parseConfig("training: { epochs: 9 }", "a.yaml", none).configHash);
});

test("loadConfig says where the project's configurations are when the file is missing", async () => {
  await assert.rejects(
    loadConfig("/nowhere/x.yaml"),
    (error: unknown) => error instanceof NotFoundError && /configs\//.test(error.message),
  );
});
