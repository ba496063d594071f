import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigError, NotFoundError } from "@ictal/base/errors";
import { cacheKeyFromConfig } from "../../src/config/layer-options.js";
import { loadConfig, parseConfig } from "../../src/config/load-config.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";

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
      /a\.yaml:1: unknown key training\.lerning_rate; did you mean training\.learning_rate\?/.test(error.message),
  );
});

test("parseConfig names key, value and what is allowed for a wrong value", () => {
  assert.throws(
    () => parseConfig("preprocessing: { bandpass: [120, 0.5] }", "a.yaml", none),
    /preprocessing\.bandpass.*\[120,0\.5\]/,
  );
  assert.throws(
    () => parseConfig("training: { loss: dice }", "a.yaml", none),
    /training\.loss: "dice".*expected "bce" or "focal"/,
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

const faultsOf = (text: string, set: string[] = []): ConfigError => {
  try {
    parseConfig(text, "a.yaml", { ...none, set });
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail(`${text} ${set} was accepted`);
};

test("parseConfig lists all faults of a file at once, in the order of its lines and in its own words", () => {
  const text = `training:
  epochs: abc
  batch_size: 0
  lerning_rate: 3
data: { n_channels: 0, stride: -1 }
preprocessing: { notch_freq: 55, normalize: 3 }
`;
  const { message, details } = faultsOf(text);
  assert.deepEqual(message.split("\n  "), [
    "a.yaml: 7 faults",
    'a.yaml:2: invalid training.epochs: "abc"; expected a number',
    "a.yaml:3: invalid training.batch_size: 0; expected a number of at least 1",
    "a.yaml:4: unknown key training.lerning_rate; did you mean training.learning_rate?",
    "a.yaml:5: invalid data.n_channels: 0; expected a number of at least 1",
    "a.yaml:5: invalid data.stride: -1; expected a number above 0",
    "a.yaml:6: invalid preprocessing.notch_freq: 55; expected 0 or 50 or 60",
    "a.yaml:6: invalid preprocessing.normalize: 3; expected true or false",
  ]);
  assert.equal(details.key, "training.epochs");
});

test("channels that cannot be, or another number of them, are told where they stand before anything is read", () => {
  const pairs = "preprocessing: { reference: tcp20 }";
  for (const [text, message] of [
    [
      "data: { n_channels: 21 }",
      /^a\.yaml:1: invalid data\.n_channels: 21; preprocessing\.reference: recorded gives 19 /,
    ],
    [
      `${pairs}\ndata: { n_channels: 19 }`,
      /^a\.yaml:2: .*tcp20 gives 20 channels, so leave n_channels out or set it to 20$/,
    ],
    ["data: { channels: [C3, C3] }", /^a\.yaml:1: invalid data\.channels: C3 is listed twice; keep one$/],
    [
      `${pairs}\ndata: { channels: [C3] }`,
      /^a\.yaml:2: .*reference tcp20 has channels of its own; give one of the two$/,
    ],
    ["data: { channels: [] }", /invalid data\.channels: \[\]; expected at least one/],
    ["preprocessing: { reference: average }\ndata: { channels: [C3-P3] }", /C3-P3 is not one electrode/],
  ] as const)
    assert.match(faultsOf(text).message, message);
  for (const text of [`${pairs}\ndata: { n_channels: 20 }`, "data: { channels: [T7-P7, cz], n_channels: 2 }"])
    assert.doesNotThrow(() => parseConfig(text, "a.yaml", none));
});

test("channels listed as the reference has them give the same cache, and 10-10 names that of the older ones", () => {
  const keyOf = (text: string) => cacheKeyFromConfig(parseConfig(text, "a.yaml", none).config);
  assert.equal(keyOf(`data: { channels: [${ELECTRODES_19.join(", ")}] }`), keyOf("data: {}"));
  assert.equal(keyOf("data: { channels: [T7-P7] }"), keyOf("data: { channels: [t3-t5] }"));
  assert.notEqual(keyOf("data: { channels: [C3, C4] }"), keyOf("data: { channels: [C4, C3] }"));
});

test("a bad --set is a ConfigError that names the flag, whatever stands in it, and nothing of it reaches Object.prototype", () => {
  for (const [set, message] of [
    ["training.epochs=[1", /^--set training\.epochs: not YAML: something is missing: a closing bracket/],
    ["training.epochs=abc", /^--set training\.epochs: invalid training\.epochs: "abc"; expected a number$/],
    ["training.epochs=", /^--set training\.epochs: invalid training\.epochs: nothing; expected a number$/],
    ["training.epochs=1.5", /expected a whole number$/],
    ["training.epochs=-1", /expected a number of at least 0$/],
    ["training.epochs=.nan", /^--set training\.epochs: \.nan is no number to compute with/],
    ["training.learning_rate=1e400", /1e400 is no number to compute with/],
    ["experiment.seed=12345678901234567890", /beyond 2\^53/],
    ["training.epochs=*x", /the alias \*x stands for nothing/],
    ["training.epochs.x=1", /^--set training\.epochs\.x: invalid training\.epochs: \{"x":1\}; expected a number/],
    ["training..epochs=1", /expected section\.key=value/],
    ["=1", /expected section\.key=value/],
    ["__proto__.x=1", /__proto__ is a reserved name/],
    ["training.__proto__.x=1", /__proto__ is a reserved name/],
    ["constructor.prototype.x=1", /constructor is a reserved name/],
    ["training={__proto__: {x: 1}}", /__proto__ is a reserved name/],
    ["model.architecture=v3", /V3 is another network/],
  ] as const)
    assert.match(faultsOf("", [set]).message, message, set);
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test("--set on a value of the file is told by the flag, not by the file's line", () => {
  assert.match(faultsOf("training:\n  epochs: 3", ["training.epochs=x"]).message, /^--set training\.epochs: /);
  assert.match(
    faultsOf("training:\n  epochs: 3", ["training.epochs.x=1"]).message,
    /training\.epochs is a value, not a section/,
  );
});

test("an empty configuration is refused by name of what is needed, and a folder is not taken for a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-config-"));
  try {
    for (const [name, text] of [
      ["empty", ""],
      ["comments", "# data:\n"],
      ["null", "null\n"],
      ["sections", "data: {}\ntraining: {}\n"],
    ]) {
      const file = join(folder, `${name}.yaml`);
      await writeFile(file, text!);
      await assert.rejects(loadConfig(file, none), {
        name: "ConfigError",
        message: /is empty; a configuration names at least data\.data_dir .* data\.cache_dir .* model\.name/,
      });
    }
    await assert.rejects(loadConfig(folder, none), {
      name: "ConfigError",
      message: /is a folder; give a configuration file/,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("model.name has no default, but the reference's own sections mean its network", () => {
  assert.equal(parseConfig("training: { epochs: 1 }", "a.yaml", none).config.model.name, "");
  assert.equal(parseConfig("model: { mamba: { n_layers: 2 } }", "a.yaml", none).config.model.name, "seizure_detector");
});

test("keys that do nothing do not change the configuration's hash", () => {
  const hash = (text: string) => parseConfig(text, "a.yaml", none).configHash;
  assert.equal(hash("evaluation: { save_plots: true }\nexperiment: { log_level: DEBUG }"), hash(""));
  assert.notEqual(hash("evaluation: { fa_rates: [3] }"), hash(""));
});
