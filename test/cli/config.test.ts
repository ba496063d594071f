import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runVerb } from "./verb-thread.js";

const smoke = fileURLToPath(new URL("../../../configs/smoke_unet.yaml", import.meta.url));
const ictal = (...args: string[]) => runVerb(["config", ...args]);

test("config show prints every key with value, unit and origin, as a table and as JSON", () => {
  const text = ictal("show", "--config", smoke, "--set", "training.epochs=2");
  assert.equal(text.status, 0, text.stderr);
  assert.match(text.stdout, /^KEY +VALUE +UNIT +ORIGIN +DEFAULT +DESCRIPTION\n/);
  assert.match(text.stdout, /\ntraining\.epochs +2 +--set +1 +Passes over the training windows\.\n/);
  assert.match(text.stdout, /\npostprocessing\.hysteresis\.tau_on +0\.7 +probability +file +0\.86 /);
  const json = ictal("show", "--json");
  const values: { key: string; value: unknown; origin: string }[] = JSON.parse(json.stdout);
  const found = values.find(({ key }) => key === "data.stride");
  assert.deepEqual(found, {
    key: "data.stride",
    value: 10,
    default: 10,
    origin: "default",
    unit: "s",
    description: "Distance from the start of one training window to the start of the next.",
  });
});

test("config show refuses a wrong value and a missing file as wrong use", () => {
  const wrong = ictal("show", "--set", "training.epochs=x");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /invalid training\.epochs: "x"; expected a number/);
  const missing = ictal("show", "--config", "nowhere.yaml");
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /no configuration at nowhere\.yaml/);
});

test("config schema prints the JSON Schema, or writes it", () => {
  const printed = ictal("schema");
  assert.equal(printed.status, 0, printed.stderr);
  const schema = JSON.parse(printed.stdout);
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.equal(schema.properties.training.properties.epochs.default, 1);
  const dir = mkdtempSync(join(tmpdir(), "ictal-config-"));
  try {
    const out = join(dir, "schema.json");
    assert.equal(ictal("schema", "--out", out).status, 0);
    assert.deepEqual(JSON.parse(readFileSync(out, "utf8")), schema);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
