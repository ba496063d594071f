import assert from "node:assert/strict";
import { test } from "node:test";
import { isInRange, rangeInWords, requireCounts, requireNumber, withDefaults } from "@ictal/base/options";
import { createProgress } from "@ictal/base/progress";
import { countNames, ownValue } from "@ictal/base/records";
import { mapConcurrent } from "../src/base/concurrent.js";
import { createRandom } from "../src/base/random.js";
import { splitsOf } from "../src/corpus/splits.js";
import { synthesizeCorpus } from "../src/corpus/synthetic/synthesize.js";
import { balanceWindows } from "../src/dataset/balance.js";
import { indexWindows } from "../src/dataset/index-windows.js";
import { exampleWindows } from "../src/dataset/window-panels.js";
import { eegPage } from "../src/plots/eeg-page.js";
import { aurocInterval, compareAuroc } from "../src/scoring/auroc-interval.js";
import { devMetrics } from "../src/scoring/dev-metrics.js";
import { createEventStream } from "../src/scoring/event-stream.js";
import { scoreNedc } from "../src/scoring/nedc/score-nedc.js";
import { operatingPoints, pointWithin } from "../src/scoring/operating-points.js";
import { detectEvents, POSTPROCESS_DEFAULTS } from "../src/scoring/postprocess.js";
import { type PredictedRecording, scoreSzcore } from "../src/scoring/score.js";
import { SZCORE_DEFAULTS, scoreEvents } from "../src/scoring/szcore.js";
import { aeeg } from "../src/signal/aeeg.js";
import { bandRise } from "../src/signal/band-rise.js";
import { welch } from "../src/signal/spectrum.js";
import { memoryStore } from "../src/store/memory-store.js";
import { openStore } from "../src/store/open-store.js";
import { pullObjects } from "../src/store/pull.js";
import { startS3Server } from "../src/store/server/s3-server.js";
import { lossOf } from "../src/training/loss.js";
import { fillOptimizerOptions } from "../src/training/optimizer.js";
import { fillTrainOptions, type TrainOptions } from "../src/training/options.js";
import { learningRateFactor } from "../src/training/schedule.js";

const random = createRandom(3, "options");
const signal = Float32Array.from({ length: 2560 }, (_, i) => random.normal(i));
const probability = Float32Array.from({ length: 400 }, (_, i) => (i % 100 > 60 && i % 100 < 80 ? 0.95 : 0.1));
const recording: PredictedRecording = {
  id: "dev/a/b/c/d",
  durationSeconds: 400,
  rateHz: 1,
  probability,
  reference: [{ startSeconds: 60, endSeconds: 80 }],
};
const page = {
  title: "x",
  channels: ["FZ", "CZ"],
  sampleRateHz: 256,
  startSeconds: 0,
  samples: signal,
  seizures: [],
};
const event = { startSeconds: 10, endSeconds: 20, label: "seiz", confidence: 1 };
const train: TrainOptions = { runDir: "r", data: { cacheDir: "c" }, model: { name: "unet" } };

/** A function of its options, with an example of every option that it takes. */
interface Case {
  readonly name: string;
  readonly run: (options: Readonly<Record<string, unknown>>) => unknown;
  readonly options: readonly string[];
  /** Numbers that must be refused, by option. */
  readonly refused?: Readonly<Record<string, readonly number[]>>;
}

const BAD = [Number.NaN, -1, Number.NEGATIVE_INFINITY];
const BAD_COUNT = [...BAD, 0, 1.5, 2 ** 53, Number.POSITIVE_INFINITY];
const BAD_POSITIVE = [...BAD, 0, Number.POSITIVE_INFINITY];
const postprocess = Object.keys(POSTPROCESS_DEFAULTS);
const badPostprocess = {
  ...Object.fromEntries(postprocess.filter((key) => key.endsWith("Seconds")).map((key) => [key, BAD])),
  onThreshold: [Number.NaN],
  offThreshold: [Number.NaN],
  confidencePercentile: [...BAD, 2],
};

const CASES: readonly Case[] = [
  { name: "detectEvents", run: (o) => detectEvents(probability, 1, o), options: postprocess, refused: badPostprocess },
  {
    name: "createEventStream",
    run: (o) => createEventStream(o, 1).delaySeconds,
    options: postprocess,
    refused: badPostprocess,
  },
  {
    name: "operatingPoints, postprocess",
    run: (o) => operatingPoints([recording], { postprocess: o }),
    options: postprocess,
    refused: {},
  },
  {
    name: "operatingPoints",
    run: (o) => operatingPoints([recording], o),
    options: ["postprocess", "scorer", "thresholds", "forceEval", "warn"],
  },
  {
    name: "scoreEvents",
    run: (o) => scoreEvents([event], [event], 400, o),
    options: Object.keys(SZCORE_DEFAULTS),
    refused: {
      toleranceStartSeconds: BAD,
      toleranceEndSeconds: BAD,
      minGapSeconds: BAD,
      minOverlap: [...BAD, 1],
      maxEventSeconds: [...BAD, 0],
    },
  },
  {
    name: "aurocInterval",
    run: (o) => aurocInterval([{ ...recording, patient: "a" }], o),
    options: ["level"],
    refused: { level: [...BAD, 0, 1] },
  },
  {
    name: "compareAuroc",
    run: (o) => compareAuroc([{ ...recording, patient: "a" }], [{ ...recording, patient: "a" }], { seed: 1, ...o }),
    options: ["level"],
    refused: { level: [...BAD, 0, 1], replicates: BAD_COUNT, seed: [Number.NaN, 1.5, 2 ** 53] },
  },
  { name: "devMetrics", run: (o) => devMetrics([], o).metricNames, options: ["postprocess", "falseAlarmRates"] },
  {
    name: "eegPage",
    run: (o) => JSON.stringify(eegPage("t", [page], o)),
    options: ["caption", "spacing", "pointsPerChannel", "unit", "columns"],
    refused: { spacing: BAD_POSITIVE, pointsPerChannel: BAD_COUNT, columns: BAD_COUNT },
  },
  {
    name: "aeeg",
    run: (o) => aeeg(signal, { sampleRateHz: 16, epochSeconds: 4, lowCutHz: 1, highCutHz: 5, ...o }),
    options: [],
    refused: {
      epochSeconds: BAD_POSITIVE,
      lowCutHz: BAD_POSITIVE,
      highCutHz: BAD_POSITIVE,
      sampleRateHz: BAD_POSITIVE,
    },
  },
  {
    name: "welch",
    run: (o) => welch(signal, { sampleRateHz: 256, ...o }),
    options: ["segmentSamples", "overlapSamples"],
    refused: { segmentSamples: BAD_COUNT, overlapSamples: [...BAD, 1.5] },
  },
  {
    name: "bandRise",
    run: (o) => bandRise(signal, { channelCount: 1, sampleRateHz: 100, atSample: 1200, band: [1, 9], ...o }),
    options: ["seconds"],
    refused: { seconds: BAD_POSITIVE, atSample: [...BAD, 1.5], channelCount: BAD_COUNT },
  },
  {
    name: "learningRateFactor",
    run: (o) => learningRateFactor(30, 100, o),
    options: ["kind", "warmupRatio"],
  },
  { name: "lossOf", run: (o) => lossOf(0.3, 1, o), options: ["kind", "alpha", "gamma", "posWeight", "labelSmoothing"] },
  {
    name: "fillOptimizerOptions",
    run: (o) => fillOptimizerOptions(o),
    options: ["name", "weightDecay", "decayAll", "beta1", "beta2", "epsilon", "gradientClip", "emaDecay"],
  },
  {
    name: "createProgress",
    run: (o) => typeof createProgress({ stream: { write: () => true }, ...o }),
    options: ["style", "intervalMilliseconds"],
    refused: { intervalMilliseconds: BAD },
  },
  {
    name: "openStore",
    run: (o) => openStore("s3://bucket/x", o).url,
    options: ["endpoint", "region", "maxConnections"],
  },
];

test("an option given as undefined is an option not given", () => {
  for (const { name, run, options } of CASES) {
    const plain = run({});
    assert.deepEqual(run(Object.fromEntries(options.map((key) => [key, undefined]))), plain, name);
    for (const key of options) assert.deepEqual(run({ [key]: undefined }), plain, `${name} ${key}`);
  }
});

test("a number that an option cannot be is a RangeError that names the option and shows the value", () => {
  for (const { name, run, refused = {} } of CASES) {
    for (const [key, values] of Object.entries(refused)) {
      for (const value of values)
        assert.throws(
          () => run({ [key]: value }),
          { name: "RangeError", message: new RegExp(`^invalid ${key}: ${value}|^invalid thresholds`) },
          `${name} ${key} ${value}`,
        );
    }
  }
});

test("numbers of functions that start something are refused before anything starts", async () => {
  const store = memoryStore({});
  for (const port of [-1, 1.5, 65_536, Number.NaN])
    await assert.rejects(startS3Server({ store, bucket: "abc", port }), {
      name: "RangeError",
      message: `invalid port: ${port}; expected a whole number from 0 to 65535`,
    });
  for (const concurrency of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(pullObjects(store, "/nowhere", { concurrency }), { name: "RangeError" });
    await assert.rejects(
      mapConcurrent([1], concurrency, async (x) => x),
      { name: "RangeError" },
    );
  }
  for (const options of [{ seed: 1.5 }, { recordings: 0 }, { maxDurationSeconds: 19 }, { background: -1 }])
    await assert.rejects(synthesizeCorpus("/nowhere", options), { name: "RangeError" }, JSON.stringify(options));
  for (const rate of BAD) assert.throws(() => pointWithin([], rate), { name: "RangeError" });
});

test("windows are refused numbers that cannot be", () => {
  const manifest = { recordings: [], sampleRateHz: 256, channels: [] } as unknown as Parameters<typeof indexWindows>[0]; // nothing else is read
  for (const windowSeconds of BAD_POSITIVE)
    assert.throws(() => indexWindows(manifest, { windowSeconds }), { name: "RangeError" });
  for (const strideSeconds of BAD_POSITIVE)
    assert.throws(() => indexWindows(manifest, { strideSeconds }), { name: "RangeError" });
  const index = indexWindows(manifest, { windowSeconds: undefined, strideSeconds: undefined });
  assert.deepEqual([index.windowSamples, index.strideSamples], [60 * 256, 10 * 256]);
  for (const fullRatio of BAD_POSITIVE.filter((value) => value !== 0))
    assert.throws(() => balanceWindows(index, { fullRatio, seed: 1 }), { name: "RangeError", message: /fullRatio/ });
  for (const count of BAD)
    assert.throws(() => exampleWindows(index, new Uint32Array(0), count), { name: "RangeError" });
});

test("every number of a training run is checked, by its own name", () => {
  const places: [string, (value: number) => Partial<TrainOptions>, readonly number[]][] = [
    ...(
      ["batchSize", "accumulate", "checkpointEveryEpochs", "keepLast", "logEverySteps", "threads", "maxSteps"] as const
    ).map((key): [string, (value: number) => Partial<TrainOptions>, readonly number[]] => [
      key,
      (value) => ({ [key]: value }),
      BAD_COUNT,
    ]),
    ...(["epochs", "numWorkers", "checkpointEverySteps", "patience"] as const).map(
      (key): [string, (value: number) => Partial<TrainOptions>, readonly number[]] => [
        key,
        (value) => ({ [key]: value }),
        [...BAD, 1.5],
      ],
    ),
    ["seed", (seed) => ({ seed }), [Number.NaN, 1.5, 2 ** 53]],
    ["learningRate", (learningRate) => ({ learningRate }), BAD_POSITIVE],
    ["maxHours", (maxHours) => ({ maxHours }), BAD_POSITIVE],
    ["schedule.warmupRatio", (warmupRatio) => ({ schedule: { warmupRatio } }), [...BAD, 2]],
    ["loss.alpha", (alpha) => ({ loss: { alpha } }), [...BAD, 2]],
    ["loss.gamma", (gamma) => ({ loss: { gamma } }), BAD],
    ["loss.posWeight", (posWeight) => ({ loss: { posWeight } }), BAD_POSITIVE],
    ["optimizer.weightDecay", (weightDecay) => ({ optimizer: { weightDecay } }), BAD],
    ["optimizer.beta1", (beta1) => ({ optimizer: { beta1 } }), [...BAD, 1]],
    ["optimizer.emaDecay", (emaDecay) => ({ optimizer: { emaDecay } }), [...BAD, 1.1]],
    ["validation.strideSeconds", (strideSeconds) => ({ validation: { strideSeconds } }), BAD_POSITIVE],
    ["data.windowSeconds", (windowSeconds) => ({ data: { cacheDir: "c", windowSeconds } }), BAD_POSITIVE],
    ["data.devShare", (devShare) => ({ data: { cacheDir: "c", devShare } }), [...BAD, 1]],
    ["data.limit", (limit) => ({ data: { cacheDir: "c", limit } }), BAD_COUNT],
    ["data.balance.noneRatio", (noneRatio) => ({ data: { cacheDir: "c", balance: { noneRatio } } }), BAD],
    ["augment", (noise) => ({ augment: { noise } }), BAD],
    ["augment", (channelDropout) => ({ augment: { channelDropout } }), [...BAD, 2]],
  ];
  for (const [key, options, values] of places) {
    for (const value of values)
      assert.throws(
        () => fillTrainOptions({ ...train, ...options(value) }),
        { name: "ConfigError", message: new RegExp(`${key}.*: ${value}`) },
        `${key} ${value}`,
      );
  }
  assert.throws(
    () => fillTrainOptions({ ...train, loss: { kind: "dice" as "bce" } }),
    /invalid loss\.kind: dice; expected bce, focal/,
  );
});

test("undefined options of a training run, nested ones too, are its defaults", () => {
  const plain = fillTrainOptions(train);
  const nothing = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, undefined]));
  const unset = {
    ...nothing(Object.keys(plain)),
    ...train,
    data: { ...nothing(Object.keys(plain.data)), cacheDir: "c", balance: nothing(["fullRatio", "noneRatio"]) },
    loss: nothing(["kind", "alpha", "posWeight"]),
    optimizer: nothing(Object.keys(plain.optimizer)),
    schedule: nothing(["kind", "warmupRatio"]),
    validation: nothing(["strideSeconds", "stitching"]),
  };
  assert.deepEqual(fillTrainOptions(unset), plain);
});

test("withDefaults keeps null, false and 0, and what the defaults do not know", () => {
  const filled = withDefaults({ a: 1, b: true, c: null as number | null }, { a: 0, b: false, c: undefined, d: 4 });
  assert.deepEqual(filled, { a: 0, b: false, c: null, d: 4 });
  assert.deepEqual(withDefaults({ a: 1 }, undefined), { a: 1 });
});

test("ranges say in words what they hold", () => {
  assert.equal(rangeInWords({ isWhole: true, least: 1 }), "a whole number of at least 1");
  assert.equal(rangeInWords({ least: 0, below: 1 }), "a number of at least 0 and below 1");
  assert.ok(isInRange(Number.POSITIVE_INFINITY, { above: 0, mayBeInfinite: true }));
  assert.ok(!isInRange("3", {}));
  assert.throws(() => requireNumber("x", undefined), {
    name: "RangeError",
    message: "invalid x: undefined; expected a number",
  });
  assert.doesNotThrow(() => requireCounts({ x: undefined, y: 1 }));
});

const ODD_NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"];

test("patients, recordings and labels may have any name, even those that every object answers to", () => {
  assert.deepEqual(Object.entries(countNames([...ODD_NAMES, "__proto__"])), [
    ["__proto__", 2],
    ...ODD_NAMES.slice(1).map((name) => [name, 1]),
  ]);
  assert.equal(ownValue({ a: 1 }, "constructor"), undefined);
  const pairs = ODD_NAMES.map((name) => ({
    id: name,
    patient: name,
    durationSeconds: 100,
    reference: [event],
    hypothesis: [event],
  }));
  const report = scoreSzcore(pairs);
  assert.deepEqual(Object.keys(report.perRecording), ODD_NAMES);
  assert.deepEqual(Object.keys(report.subjects!.perSubject).sort(), [...ODD_NAMES].sort());
  assert.deepEqual(Object.keys(scoreNedc(pairs).perRecording), ODD_NAMES);
  assert.equal(JSON.parse(JSON.stringify(report)).perRecording.constructor.event.tp, 1);
  const splits = splitsOf(ODD_NAMES.map((name) => ({ split: name, patient: name })));
  assert.deepEqual(Object.keys(splits).sort(), [...ODD_NAMES].sort());
  assert.equal(Object.getPrototypeOf(splits), Object.prototype);
});
