import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { indexWindows } from "../../src/dataset/index-windows.js";
import { tf } from "../../src/tensor/tf.js";
import { dropoutFeeds, dropoutInputs } from "../../src/training/dropout-masks.js";
import { decodeFloat16, encodeFloat16, fromFloat16Bits, toFloat16Bits } from "../../src/training/float16.js";
import { createGuards } from "../../src/training/guards.js";
import { constantAnswerLoss, type LossOptions, lossOf, maskedLoss, posWeightOf } from "../../src/training/loss.js";
import { downsampleLabelsInto, epochWindows, lineDifferences, seizureShareOf } from "../../src/training/run-data.js";
import { learningRateFactor } from "../../src/training/schedule.js";
import {
  createRunningStitcher,
  createStitcher,
  downsampleProbabilities,
  type Stitching,
  windowStarts,
} from "../../src/training/stitching.js";
import { makeManifest } from "../dataset/made-manifest.js";

test("the learning rate rises linearly over the warm-up, then falls by a cosine to zero, as the reference's", () => {
  const at = (step: number) => learningRateFactor(step, 100, { warmupRatio: 0.1 });
  assert.equal(at(0), 0.1);
  assert.equal(at(9), 1);
  assert.equal(at(10), 1);
  assert.ok(Math.abs(at(55) - 0.5) < 1e-12);
  assert.ok(at(99) > 0 && at(99) < 1e-3);
  assert.equal(at(100), 0);
  assert.equal(learningRateFactor(55, 100, { kind: "linear" }), 0.5);
  assert.equal(learningRateFactor(55, 100, { kind: "constant" }), 1);
  assert.equal(learningRateFactor(0, 3, { warmupRatio: 0.03 }), 1);
  assert.equal(learningRateFactor(2, 2), 0);
});

test("losses equal their definitions, the stable form of the cross-entropy at large logits too", () => {
  const cases: LossOptions[] = [
    {},
    { posWeight: 3 },
    { kind: "focal" },
    { kind: "focal", alpha: 0.25, gamma: 2, posWeight: 2 },
    { kind: "focal", gamma: 0 },
    { kind: "focal", gamma: 1.5, labelSmoothing: 0.1 },
  ];
  for (const options of cases) {
    for (const logit of [-30, -2, 0, 0.5, 4, 30]) {
      for (const label of [0, 1, 0.25]) {
        const p = 1 / (1 + Math.exp(-logit));
        const found = maskedLoss(
          tf.tensor([[logit, 9]]),
          tf.tensor([[label, 1]]),
          tf.tensor([[1, 0]]),
          options,
        ).dataSync()[0]!;
        const expected = lossOf(logit, label, options);
        assert.ok(
          Math.abs(found - expected) <= 2e-5 * Math.max(1, expected),
          `${JSON.stringify(options)} ${logit} ${label}: ${found} vs ${expected}`,
        );
        if (options.kind !== undefined || Math.abs(logit) > 4) continue;
        const plain = -(label * (options.posWeight ?? 1) * Math.log(p) + (1 - label) * Math.log(1 - p));
        assert.ok(Math.abs(expected - plain) < 1e-9);
      }
    }
  }
  assert.equal(maskedLoss(tf.tensor([[1]]), tf.tensor([[1]]), tf.tensor([[0]])).dataSync()[0], 0);
});

test("the best constant answer scores the entropy of the prevalence, and pos_weight follows the reference", () => {
  const entropy = -(0.2 * Math.log(0.2) + 0.8 * Math.log(0.8));
  assert.ok(Math.abs(constantAnswerLoss(0.2) - entropy) < 1e-4);
  assert.equal(posWeightOf(0.2), 2);
  assert.equal(posWeightOf(0.6), 1);
  assert.equal(posWeightOf(0), 1);
});

test("labels are pooled to the share of seizure among known samples", () => {
  const shares = new Float32Array(3);
  const known = new Float32Array(3);
  downsampleLabelsInto(
    shares,
    known,
    Float32Array.of(0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0),
    Float32Array.of(1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0),
    4,
  );
  assert.deepEqual([...shares], [0.5, 0.5, 0]);
  assert.deepEqual([...known], [1, 1, 0]);
});

test("an epoch holds every window once, its last batch filled from its own start, and depends on seed and epoch alone", () => {
  const selection = Uint32Array.of(3, 5, 8, 13, 21);
  const windows = epochWindows(selection, 2, 1, 0);
  assert.equal(windows.length, 6);
  assert.deepEqual(
    [...windows.slice(0, 5)].sort((a, b) => a - b),
    [...selection],
  );
  assert.equal(windows[5], windows[0]);
  assert.deepEqual(epochWindows(selection, 2, 1, 0), windows);
  assert.notDeepEqual(epochWindows(selection, 2, 1, 1), windows);
});

test("changed recordings are named", () => {
  assert.deepEqual(lineDifferences(["a 1", "b 2", "c 3"], ["a 1", "b 4", "d 5"]), [
    "b has other windows",
    "c was removed",
    "d is new",
  ]);
});

test("windows laid over a recording cover it to its end, the last one ending there", () => {
  assert.deepEqual(windowStarts(100, 40, 20, 4), [0, 20, 40, 60]);
  assert.deepEqual(windowStarts(107, 40, 20, 4), [0, 20, 40, 60, 68]);
  assert.deepEqual(windowStarts(30, 40, 20, 4), [0]);
  assert.deepEqual(windowStarts(40, 40, 20, 4), [0]);
  for (const count of [41, 59, 60, 61, 79, 333]) {
    const covered = new Uint8Array(count);
    for (const start of windowStarts(count, 40, 20, 4)) covered.fill(1, start, start + 40);
    assert.ok(covered.every((value) => value === 1));
  }
});

test("overlapping windows are joined by mean, by weight, by the largest or the soonest, and reach no further than the recording", () => {
  const joined = (method: Stitching) => {
    const stitcher = createStitcher(method, 5);
    stitcher.add(0, Float32Array.of(0.2, 0.2, 0.2, 0.2));
    stitcher.add(2, Float32Array.of(0.6, 0.6, 0.6, 0.6));
    return [...stitcher.finish()].map((value) => Math.round(value * 1000) / 1000);
  };
  assert.deepEqual(joined("mean"), [0.2, 0.2, 0.4, 0.4, 0.6]);
  assert.deepEqual(joined("max"), [0.2, 0.2, 0.6, 0.6, 0.6]);
  assert.deepEqual(joined("soonest"), [0.2, 0.2, 0.2, 0.2, 0.6]);
  assert.deepEqual(joined("triangular"), [0.2, 0.2, 0.3, 0.5, 0.6]);
  assert.deepEqual([...downsampleProbabilities(Float32Array.of(0, 1, 0.5, 0.5, 1), 2)], [0.5, 0.5, 1]);
});

test("windows that are stitched as they come give the same bits as those of a whole recording", () => {
  const random = createRandom(4, "running stitcher");
  for (const method of ["mean", "triangular", "max", "soonest"] as const)
    for (const stride of [1, 3, 8]) {
      const starts = windowStarts(200, 8, stride, 1);
      const windows = starts.map((start) => Float32Array.from({ length: 8 }, (_, i) => random.uniform(8 * start + i)));
      const whole = createStitcher(method, 200);
      const running = createRunningStitcher(method, 8);
      const taken: number[] = [];
      for (const [k, start] of starts.entries()) {
        whole.add(start, windows[k]!);
        running.add(start, windows[k]!, 8);
        const next = starts[k + 1];
        taken.push(...running.take(next === undefined ? 200 : method === "soonest" ? start + 8 : next));
      }
      assert.deepEqual(Float32Array.from(taken), whole.finish());
    }
});

test("half precision rounds to nearest, ties to even, for normal, subnormal and special numbers", () => {
  const pairs: [number, number][] = [
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2],
    [2 ** -14, 0x400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [0.1, 0x2e66],
  ];
  for (const [value, bits] of pairs) assert.equal(toFloat16Bits(value), bits, String(value));
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromFloat16Bits(bits);
    if (!Number.isNaN(value)) assert.equal(toFloat16Bits(value), bits);
  }
  assert.ok(Number.isNaN(fromFloat16Bits(toFloat16Bits(Number.NaN))));
  assert.deepEqual([...decodeFloat16(encodeFloat16(Float32Array.of(0.5, 0.25)))], [0.5, 0.25]);
});

test("the share of windows that hold seizure is counted among the selected ones", () => {
  const index = indexWindows(makeManifest([{ sampleCount: 100 * 256, seizures: [[15, 35]] }]), {
    windowSeconds: 10,
    strideSeconds: 10,
  });
  assert.equal(seizureShareOf({ index, selection: Uint32Array.of(0, 1, 2, 5) }), 0.5);
  assert.equal(seizureShareOf({ index, selection: Uint32Array.of(0, 5) }), 0);
});

test("an element mask is drawn from two numbers for each row, whatever its axes, and two for each column", () => {
  const spec = { name: "a", kind: "element" as const, rate: 0.5, shape: () => [2, 3, 5] };
  const sites = [{ spec, shape: [2, 3, 5] }];
  const shapes = Object.entries(dropoutInputs(sites)).map(([name, { shape }]) => [name, shape]);
  assert.deepEqual(shapes, [
    ["dropout/a/rows", [2, 6, 1]],
    ["dropout/a/columns", [2, 1, 5]],
  ]);
  const lengths = Object.values(dropoutFeeds(sites, 1, 0)).map((feed) => (feed as Float32Array).length); // as drawn
  assert.deepEqual(lengths, [12, 10]);
});

test("each guard speaks once, and only of its own fault", () => {
  const healthy = { loss: 0.1, lowestLogit: -1, highestLogit: 1, seizureLabels: 5, knownLabels: 50 };
  const warningsOf = (change: Partial<typeof healthy>) => {
    const guard = createGuards({ loss: {}, window: 10 });
    return Array.from({ length: 40 }, (_, step) => guard({ ...healthy, ...change, step })).flat();
  };
  assert.deepEqual(warningsOf({}), []);
  const constant = warningsOf({ lowestLogit: 0.5, highestLogit: 0.5 });
  assert.equal(constant.length, 1);
  assert.match(constant[0]!, /same answer everywhere for 10 steps/);
  const empty = warningsOf({ seizureLabels: 0 });
  assert.equal(empty.length, 1);
  assert.match(empty[0]!, /no seizure in the last 10 batches/);
  const stuck = warningsOf({ loss: 0.33 });
  assert.equal(stuck.length, 1);
  assert.match(stuck[0]!, /\(0\.330\) is no better than that of one constant answer \(0\.325\)/);
  const constantLoss = constantAnswerLoss(0.1);
  assert.equal(warningsOf({ loss: 0.985 * constantLoss }).length, 1);
  assert.deepEqual(warningsOf({ loss: 0.975 * constantLoss }), []);
  const single = createGuards({ loss: {}, window: 1 })({
    ...healthy,
    loss: 9,
    seizureLabels: 0.5,
    knownLabels: 1,
    step: 0,
  });
  assert.match(single.join(), /^after 0 steps the loss \(9\.00\) is no better/);
});
