import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { readYaml } from "@ictal/base/yaml";
import { z } from "zod";
import { projectPath } from "../../src/base/project.js";
import { configDocument } from "../../src/config/document.js";
import { configJsonSchema, configSchemaText } from "../../src/config/json-schema.js";
import { configValues, listKeys } from "../../src/config/key-list.js";
import { parseConfig } from "../../src/config/load-config.js";

const read = (path: string) => readFileSync(projectPath(path), "utf8");
const shipped = readdirSync(projectPath("configs")).filter((name) => name.endsWith(".yaml"));

test("configs/schema.json and docs/configuration.md are those of the schema (ictal config schema --out, ictal config docs)", () => {
  assert.equal(read("configs/schema.json"), configSchemaText());
  assert.equal(read("docs/configuration.md"), configDocument());
});

test("every shipped configuration names the JSON Schema for editors, and it accepts them and refuses wrong ones", () => {
  const json = JSON.stringify(configJsonSchema());
  const known = JSON.parse(json, (key, value) => (key === "not" ? undefined : value)); // "odd" is beyond fromJSONSchema
  const schema = z.fromJSONSchema(known);
  const treeOf = (text: string) => readYaml(text, "a.yaml").value;
  assert.ok(shipped.length >= 4);
  for (const name of shipped) {
    const text = read(`configs/${name}`);
    assert.ok(text.startsWith("# yaml-language-server: $schema=./schema.json\n"), name);
    assert.equal(schema.safeParse(treeOf(text)).success, true, name);
  }
  for (const wrong of [
    "data: { n_channels: 0 }",
    "training: { epochs: -1 }",
    "training: { lerning_rate: 1 }",
    "model: { unet: { kernel_sise: 3 } }",
    "preprocessing: { notch_freq: 55 }",
    "training: { loss: dice }",
  ]) {
    assert.equal(schema.safeParse(treeOf(wrong)).success, false, wrong);
    assert.throws(() => parseConfig(wrong, "a.yaml", { environment: {} }), { name: "ConfigError" }, wrong);
  }
});

test("every key has one sentence that describes it, and what it may be", () => {
  for (const { key, isSection, description, allowed } of listKeys()) {
    assert.match(description, /^[a-zA-Z&`].*\.$/, key);
    if (!isSection && key !== "model.architecture") assert.notEqual(allowed, "", key);
  }
});

test("the unit of a key that counts something is there", () => {
  const units = new Map(listKeys().map(({ key, unit }) => [key, unit]));
  for (const [key, unit] of [
    ["data.window_size", "s"],
    ["data.sampling_rate", "Hz"],
    ["preprocessing.bandpass", "Hz"],
    ["postprocessing.hysteresis.tau_on", "probability"],
    ["postprocessing.hysteresis.min_onset_samples", "samples at 256 Hz"],
    ["evaluation.fa_rates", "false alarms in 24 h"],
    ["training.max_hours", "h"],
  ] as const)
    assert.equal(units.get(key), unit, key);
});

test("configValues tells the value of every key, its default and where it comes from", () => {
  const text = "training: { epochs: 3, loss: focal }\nmodel: { name: unet, unet: { dropout: 0.2 } }";
  const environment = { BGB_LIMIT_FILES: "7" };
  const set = ["training.epochs=4", "data.balance={full_ratio: 1}"];
  const values = configValues(parseConfig(text, "a.yaml", { set, environment }));
  const at = new Map(values.map((value) => [value.key, value]));
  const told = (key: string) => [at.get(key)?.value, at.get(key)?.default, at.get(key)?.origin];
  assert.deepEqual(told("training.epochs"), [4, 1, "--set"]);
  assert.deepEqual(told("training.loss"), ["focal", "bce", "file"]);
  assert.deepEqual(told("training.batch_size"), [16, 16, "default"]);
  assert.deepEqual(told("data.balance.full_ratio"), [1, 0.3, "--set"]);
  assert.deepEqual(told("data.balance.none_ratio"), [2.5, 2.5, "default"]);
  assert.deepEqual(told("data.limit_files"), [7, null, "environment"]);
  assert.deepEqual(told("model.unet.dropout"), [0.2, 0.1, "file"]);
  assert.deepEqual(told("model.unet.channels"), [[16, 32, 64, 64], [16, 32, 64, 64], "default"]);
  assert.deepEqual(told("data.augment.noise"), [null, null, "default"]);
  assert.deepEqual(Object.keys(values[0] ?? {}).sort(), ["default", "description", "key", "origin", "unit", "value"]);
});
