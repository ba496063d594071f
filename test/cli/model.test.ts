import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runVerb } from "./verb-thread.js";

const smoke = fileURLToPath(new URL("../../../configs/smoke_unet.yaml", import.meta.url));
const ictal = (...args: string[]) => runVerb(["model", ...args]);

test("model summary tells a configuration's detector part by part, as text and as JSON", () => {
  const text = ictal("summary", "--config", smoke);
  assert.equal(text.status, 0, text.stderr);
  assert.match(text.stdout, /^unet: \[19 x 15360\] to 480 logits\n/);
  assert.match(text.stdout, /total +\[480\] +153,217 +\d/);
  const json = ictal("summary", "--config", smoke, "--samples", "1024", "--set", "model.unet.channels=[4,8]", "--json");
  const { parameters, parts, config, inputShape } = JSON.parse(json.stdout);
  assert.deepEqual(
    [inputShape, config.channels],
    [
      [19, 1024],
      [4, 8],
    ],
  );
  assert.equal(
    parts.reduce((sum: number, part: { parameters: number }) => sum + part.parameters, 0),
    parameters,
  );
});

test("model summary refuses an unknown detector and key as wrong use", () => {
  const unknown = ictal("summary", "--config", smoke, "--set", "model.name=unett");
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /unknown model.name: unett; .*did you mean unet\?/);
  const key = ictal("summary", "--config", smoke, "--set", "model.unet.kernel_sise=3");
  assert.equal(key.status, 2);
  assert.match(key.stderr, /unknown key model.unet.kernel_sise; did you mean model.unet.kernel_size\?/);
});

test("a window that the detector cannot divide is wrong use, and what would do is said", () => {
  const { status, stderr } = ictal("summary", "--config", smoke, "--set", "data.window_size=61");
  assert.equal(status, 2);
  assert.match(stderr, /invalid window of 15616 samples for unet: expected a multiple of 512, 2 s at 256 Hz/);
});

test("model list names every detector that a configuration can choose", () => {
  const listed = JSON.parse(ictal("list", "--json").stdout) as { name: string; title: string }[];
  assert.ok(listed.some(({ name }) => name === "seizure_detector"));
  for (const { name, title } of listed) assert.ok(name && title);
});
