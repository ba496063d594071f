import assert from "node:assert/strict";
import { test } from "node:test";
import { highestOf, silenceText } from "../../src/cli/detector-silence.js";
import { expectedTime, overviewLines } from "../../src/cli/overview-lines.js";
import { POSTPROCESS_DEFAULTS } from "../../src/scoring/postprocess-options.js";
import { choiceOnce } from "../../src/tensor/told-choice.js";

const OVERVIEW = {
  ...{ model: "unet", parameters: 46_509, recordings: 16, windows: 1308, windowSeconds: 16, devRecordings: 1 },
  ...{ epochs: 4, stepsPerEpoch: 164, windowsPerStep: 8 },
};

test("a detector that finds nothing is answered with its highest probability and the way to a threshold", () => {
  const options = { ...POSTPROCESS_DEFAULTS, onThreshold: 0.7 };
  const search = "with ictal threshold --predictions DIR";
  assert.equal(highestOf([0.2, Number.NaN, 0.614], 0.3), 0.614);
  assert.ok(Number.isNaN(highestOf([])));
  assert.equal(
    silenceText(0.614, options, { search }),
    "no probability reached tau_on 0.7 (highest 0.614): choose a threshold with ictal threshold --predictions DIR",
  );
  assert.match(
    silenceText(0.93, options, { events: 0, search }) ?? "",
    /^no event: probabilities reached tau_on 0\.7 \(highest 0\.930\), but not for long enough \(an onset takes 0\.5 s, an event 3 s\); choose/,
  );
  assert.deepEqual(
    [silenceText(0.93, options, { events: 2, search }), silenceText(Number.NaN, options, { search })],
    [undefined, undefined],
  );
});

test("a training says first what it will do: model, data, steps, device, folder, then the time", () => {
  assert.deepEqual(overviewLines(OVERVIEW, "onnx-cpu", "results/x"), [
    "model   unet, 46,509 parameters",
    "data    1,308 windows of 16 s from 16 recordings; 1 recording to validate on",
    "steps   656: 4 epochs of 164, 8 windows each",
    "device  onnx-cpu",
    "folder  results/x",
  ]);
  const metrics = { step: 3, windowsPerSecond: 16, secondsLeft: 326.5 };
  assert.equal(
    expectedTime(metrics, OVERVIEW),
    "time    about 5:27 for the other 653 steps, 0.50 s each, validation not counted",
  );
});

test("what was skipped for a device is said once", () => {
  const choice = "onnx-cpu; skipped: onnx-cuda (none)";
  assert.deepEqual([choiceOnce(choice), choiceOnce(choice), choiceOnce("cpu")], [choice, "onnx-cpu", "cpu"]);
});
