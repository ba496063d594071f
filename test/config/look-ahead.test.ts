import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheKeyFromConfig, chainFromConfig } from "../../src/config/layer-options.js";
import { parseConfig } from "../../src/config/load-config.js";
import { lookAheadFromConfig, lookAheadOf, lookAheadText } from "../../src/config/look-ahead.js";
import { trainOptionsFromConfig } from "../../src/config/train-options.js";
import { createDetector } from "../../src/model/detector.js";

const read = (...set: string[]) => parseConfig("", "a.yaml", { environment: {}, projectDir: "/project", set }).config;
const names = (parts: readonly { part: string }[]) => parts.map(({ part }) => part);

test("by default normalisation sees the whole recording and windows look ahead by their length", () => {
  const found = lookAheadFromConfig(read("model.name=seizure_detector"));
  assert.deepEqual(names(found.probability), ["normalisation", "resampling", "window", "value"]);
  assert.deepEqual(names(found.alarm), ["onset", "minimum duration"]);
  assert.equal(found.alarmSeconds, Number.POSITIVE_INFINITY);
  assert.equal(found.waitSeconds, 10 / 256 + 60 + 1 / 16 + 7 / 16 + 40 / 16);
  assert.match(
    lookAheadText(found),
    /not causal.*an alarm waits 63\.04 s \(.*window 60 s.*whole recording: normalisation takes mean and standard deviation/,
  );
});

test("experiment.causal makes every part of the look-ahead finite, and the sums are those of the parts", () => {
  const causal = ["experiment.causal=true", "model.name=seizure_detector"];
  const found = lookAheadFromConfig(read(...causal));
  assert.deepEqual(names(found.probability), ["resampling", "decision", "network", "value"]);
  assert.equal(found.probabilitySeconds, 10 / 256 + 1 + 15 / 256 + 1 / 16);
  assert.equal(found.waitSeconds, found.alarmSeconds);
  assert.equal(found.eventSeconds, found.alarmSeconds + (32 + 48) / 16);
  assert.ok(found.filterDelaySeconds > 0.002 && found.filterDelaySeconds < 0.02, `${found.filterDelaySeconds}`);
  assert.match(lookAheadText(found), /^causal; an alarm waits 4\.1 s \([^.]*\.[^)]*\)\.$/);
  const often = lookAheadFromConfig(read(...causal, "data.decision_stride=0.5"));
  assert.equal(often.probabilitySeconds, found.probabilitySeconds - 0.5);
});

test("experiment.causal refuses what looks ahead without a bound, with key and way out", () => {
  for (const [set, message] of [
    ["preprocessing.phase=zero", /phase: "zero" looks ahead: filters run backwards.*set it to causal/],
    ["preprocessing.preset=reference", /preset: "reference" looks ahead: .*Fourier/],
    [
      "model.name=seizure_transformer",
      /"seizure_transformer" looks ahead: .*set it to seizure_detector or unet or eegnet/,
    ],
  ] as const)
    assert.throws(() => read("experiment.causal=true", set), { name: "ConfigError", message });
});

test("experiment.causal changes chain, network and stitching, and without it their keys stay as they were", () => {
  const usual = read("model.name=unet");
  const causal = read("model.name=unet", "experiment.causal=true");
  assert.equal("memorySeconds" in chainFromConfig(usual), false);
  assert.equal(cacheKeyFromConfig(usual), "0763de4087054d89");
  assert.equal(chainFromConfig(causal).memorySeconds, 300);
  const { model, validation } = trainOptionsFromConfig(causal);
  assert.deepEqual(model, { name: "unet", inputChannels: 19, causal: true });
  assert.equal(validation?.stitching, "soonest");
});

test("a network that sees its whole window is not causal, whatever the configuration says", () => {
  const config = read("model.name=unet", "experiment.causal=true");
  const usual = createDetector({ name: "unet", channels: [4, 4] });
  const causal = createDetector({ name: "unet", channels: [4, 4], causal: true });
  assert.deepEqual(
    [lookAheadOf(config, usual), lookAheadOf(config, causal), lookAheadOf(config, undefined)].map(
      ({ isCausal }) => isCausal,
    ),
    [false, true, true],
  );
});
