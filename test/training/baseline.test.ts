/** The baseline without a network. Coefficients come from scikit-learn: test/reference/logistic.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeManifest } from "../../src/cache/manifest.js";
import { foldsOf } from "../../src/dataset/split.js";
import { WINDOW_FEATURES, windowFeatures } from "../../src/dataset/window-features.js";
import { openWindowReader } from "../../src/dataset/window-reader.js";
import { scoreFolds } from "../../src/scoring/out-of-fold.js";
import { createFeatureTable, fitBaseline, predictBaseline } from "../../src/training/baseline.js";
import { crossvalBaseline } from "../../src/training/crossval-baseline.js";
import { fitLogistic, logisticProbability } from "../../src/training/logistic-regression.js";
import { makeCache, noise, RATE, seizure, temporaryFolder } from "../cache/made-cache.js";

const file = fileURLToPath(new URL("../../../test/fixtures/model/logistic.json", import.meta.url));
interface Fitted {
  readonly ridge: number;
  readonly coefficients: number[];
  readonly intercept: number;
  readonly probability: number[];
}
const expected = JSON.parse(readFileSync(file, "utf8")) as { y: number[]; balanced: Fitted; plain: Fitted };

/** The generator of the script. */
function congruential(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

test("fitLogistic gives scikit-learn's coefficients, with classes balanced and without", () => {
  const [scale, offset] = [
    [1, 10, 0.1, 1],
    [0, 5, 0, -3],
  ];
  const values = congruential(240, 7);
  const rows = expected.y.map((_, r) =>
    Float64Array.from({ length: 4 }, (_, f) => values[4 * r + f]! * scale![f]! + offset![f]!),
  );
  for (const [name, balanced] of [
    ["balanced", true],
    ["plain", false],
  ] as const) {
    const { ridge, coefficients, intercept, probability } = expected[name];
    const model = fitLogistic(rows, expected.y, { ridge, balanced });
    for (const [f, value] of [...coefficients, intercept].entries())
      assert.ok(Math.abs(value - [...model.coefficients, model.intercept][f]!) < 1e-6, `${name} ${f}`);
    for (const [r, value] of probability.entries())
      assert.ok(Math.abs(value - logisticProbability(model, rows[r]!)) < 1e-6);
  }
});

test("fitLogistic stays finite on classes that a line parts, and refuses rows of one class", () => {
  const rows = [-2, -1, 1, 2].map((value) => Float64Array.of(value, 7));
  const { coefficients } = fitLogistic(rows, [0, 0, 1, 1], { ridge: 1e-6 });
  assert.ok(coefficients.every(Number.isFinite) && coefficients[0]! > 3 && Math.abs(coefficients[1]!) < 1e-9);
  assert.throws(() => fitLogistic(rows, [1, 1, 1, 1]), { name: "RangeError", message: /4 of 4 rows are of class 1/ });
  assert.throws(() => fitLogistic(rows, [1, 0, 1, 0], { ridge: 0 }), RangeError);
});

test("windowFeatures finds power in its band, rhythms, and is finite for a flat channel", () => {
  const wave = (hertz: number) =>
    Float32Array.from({ length: 8 * RATE }, (_, i) => 20 * Math.sin((2 * Math.PI * hertz * i) / RATE));
  const of = (rows: readonly Float32Array[]) => {
    const found = windowFeatures(Float32Array.from(rows.flatMap((row) => [...row])), rows.length, RATE);
    return Object.fromEntries(WINDOW_FEATURES.map((name, f) => [name, found[f]!]));
  };
  const slow = of([wave(3), wave(3)]);
  assert.ok(Math.abs(slow["mean log power 2 to 4 Hz"]! - Math.log(200)) < 0.05, "half of the squared amplitude");
  assert.ok(slow["mean log power 8 to 13 Hz"]! < 0 && slow["mean rhythmicity"]! > 0.9);
  assert.ok(Math.abs(slow["mean absolute correlation"]! - 1) < 1e-6);
  const [noisy] = noise(1, 1, 8 * RATE);
  assert.ok(of([noisy!])["mean rhythmicity"]! < 0.6);
  assert.ok(Object.values(of([wave(3), new Float32Array(8 * RATE)])).every(Number.isFinite));
});

/** Recordings of 20 s whose seizures are a rhythm in noise, one a patient. */
async function madeReader(context: Parameters<typeof temporaryFolder>[0]) {
  const dir = await temporaryFolder(context);
  const sampleCount = 20 * RATE;
  const made = Array.from({ length: 8 }, (_, k) => ({
    id: `train/p${k}/s001/01_tcp_ar/t000`,
    patient: `p${k}`,
    sampleCount,
    seizures: k % 2 === 0 ? [seizure(8, 20)] : [],
  }));
  await makeCache(dir, made, {
    channels: ["FP1", "F3"],
    signalOf: ({ seizures = [] }, position) =>
      noise(position, 2, sampleCount).map((row) =>
        row.map(
          (value, i) =>
            value +
            (seizures.some(({ startSeconds }) => i >= startSeconds * RATE)
              ? 40 * Math.sin((2 * Math.PI * 2 * i) / RATE)
              : 0),
        ),
      ),
  });
  const { manifest } = await writeManifest(dir);
  const reader = await openWindowReader(dir, manifest);
  context.after(() => reader.close());
  return { reader, manifest };
}

test("the baseline learns a rhythm, predicts a value a second, and is scored out of fold", async (context) => {
  const { reader, manifest } = await madeReader(context);
  const table = createFeatureTable(reader, { windowSeconds: 4 });
  const ids = manifest.recordings.map(({ id }) => id);
  const baseline = await fitBaseline(table, ids.slice(0, 4), { ridge: 1 });
  assert.deepEqual([baseline.windows, baseline.seizureWindows], [36, 12]);
  const { value: first } = await predictBaseline(table, baseline, ids.slice(4, 5)).next();
  assert.ok(first);
  assert.deepEqual([first.rateHz, first.probability.length], [1, 20]);
  assert.ok(first.probability[15]! > 0.8 && first.probability[2]! < 0.4);
  const folds = await foldsOf(manifest, 2);
  const { outOfFold, patients } = scoreFolds(await crossvalBaseline(reader, folds, { windowSeconds: 4 }), {});
  assert.equal(patients, 8);
  assert.ok(outOfFold.auroc.auroc > 0.95, String(outOfFold.auroc.auroc));
  await assert.rejects(fitBaseline(table, [ids[1]!]), {
    name: "ConfigError",
    message: /0 of 9 windows of 4 s are seizure/,
  });
  assert.throws(() => createFeatureTable(reader, { strideSeconds: 0.5 }), RangeError);
});
