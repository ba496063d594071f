/** Pairs of features that each work alone: executor, accumulation, dropout, augmentation and resumption. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import type { Augmentations } from "../../src/dataset/augment.js";
import { createDetector } from "../../src/model/detector.js";
import { openExecutor } from "../../src/tensor/open.js";
import type { Executor, Feed } from "../../src/tensor/program.js";
import { dropoutFeeds, dropoutSites } from "../../src/training/dropout-masks.js";
import { runTraining } from "../../src/training/loop.js";
import { fillTrainOptions, type TrainOptions } from "../../src/training/options.js";
import { openTrainingData, type TrainingData } from "../../src/training/run-data.js";
import { changedReader } from "./changed-reader.js";
import { checkpointBytes, madeFolder, madeOptions, TINY_UNET } from "./made-run.js";

const WINDOWS_PER_STEP = 6;
const AUGMENT: Augmentations = {
  channelDropout: 0.2,
  timeShiftSeconds: 0.5,
  amplitudeScale: [0.8, 1.2],
  signFlip: 0.5,
  noise: 0.1,
  frequencyShiftHz: 0.5,
};

/** Seven steps an epoch, so that the steps from the fifth to the tenth cross an end. */
function optionsOf(dir: string, run: string, changes: Partial<TrainOptions>): TrainOptions {
  const options = madeOptions(dir, run, { augment: undefined, tensorBoard: false, ...changes });
  const accumulate = changes.accumulate ?? 1;
  return {
    ...options,
    batchSize: WINDOWS_PER_STEP / accumulate,
    data: { ...options.data, windowSeconds: 1, strideSeconds: 9, balance: false },
  };
}

async function trainWith(
  executor: Executor,
  options: TrainOptions,
  change: (data: TrainingData) => TrainingData = (data) => data,
) {
  const filled = fillTrainOptions(options);
  const data = await openTrainingData(filled.data, filled.seed);
  try {
    return await runTraining(options, change(data), executor);
  } finally {
    await data.reader.close();
  }
}

for (const device of ["onnx-cpu", "wasm"]) {
  test(`${device}: ten steps in one go equal five and, resumed, five more, bit by bit, for every pair of features`, async (context) => {
    const dir = await madeFolder(context);
    const executor = await openExecutor(device, { threads: 1 });
    context.after(() => executor.dispose());
    const seen = new Map<string, string>();
    for (const accumulate of [1, 3])
      for (const dropout of [0, 0.3])
        for (const augment of [undefined, AUGMENT]) {
          const name = `accumulation ${accumulate}, dropout ${dropout}, ${augment ? "augmented" : "plain"}`;
          const run = (folder: string, maxSteps: number, resume = false) => {
            const changes = { accumulate, augment, maxSteps, resume, model: { ...TINY_UNET, dropout } };
            return trainWith(executor, optionsOf(dir, `${name} ${folder}`, changes));
          };
          const whole = await run("whole", 10);
          assert.deepEqual([whole.steps, whole.nonFiniteSteps, whole.unlabelledSteps], [10, 0, 0], name);
          assert.equal(whole.totalSteps, 14);
          await run("parts", 5);
          await run("parts", 10, true);
          const bytes = await checkpointBytes(join(dir, `${name} whole`), 10);
          assert.deepEqual(await checkpointBytes(join(dir, `${name} parts`), 10), bytes, name);
          seen.set(bytes["model.safetensors"]!.toString("latin1"), name);
        }
    assert.equal(seen.size, 8, "each feature acts");
  });
}

/** An executor that shows what its training programs are fed. */
function watched(executor: Executor, saw: (feeds: Readonly<Record<string, Feed>>) => void): Executor {
  return {
    ...executor,
    async compile(program) {
      const compiled = await executor.compile(program);
      return {
        programHash: compiled.programHash,
        setState: (values) => compiled.setState(values),
        getState: () => compiled.getState(),
        dispose: () => compiled.dispose(),
        run(feeds) {
          saw(feeds);
          return compiled.run(feeds);
        },
      };
    },
  };
}

test("each batch of a step draws dropout masks of its own, those of its place among all batches", async (context) => {
  const dir = await madeFolder(context);
  const executor = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => executor.dispose());
  const fed: Readonly<Record<string, Feed>>[] = [];
  const options = optionsOf(dir, "run", { accumulate: 3, maxSteps: 2 });
  await trainWith(
    watched(executor, (feeds) => fed.push(feeds)),
    options,
  );
  assert.equal(fed.length, 6);
  const sites = dropoutSites(createDetector(TINY_UNET), options.batchSize!, 256);
  const seed = createRandom(options.seed!, "dropout").uint32(0);
  for (const [batch, feeds] of fed.entries())
    for (const [name, mask] of Object.entries(dropoutFeeds(sites, seed, batch)))
      assert.deepEqual(feeds[name], mask, `${name} of batch ${batch}`);
  const masks = fed.map((feeds) =>
    Object.keys(feeds)
      .filter((name) => name.startsWith("dropout/"))
      .map((name) => String(feeds[name]))
      .join(),
  );
  assert.equal(new Set(masks).size, 6);
});

/** Data whose labels are unknown in the windows of these places, counted over the whole run. */
function unlabelled(data: TrainingData, isUnknown: (place: number) => boolean): TrainingData {
  const { reader } = data;
  let place = 0;
  const maskInto: typeof reader.maskInto = (out, recording, startSample) => {
    reader.maskInto(out, recording, startSample);
    if (isUnknown(place++)) out.fill(0);
  };
  return { ...data, reader: changedReader(reader, { maskInto }) };
}

test("a step without a known label changes no weight, moment or statistic and counts as none of the updates", async (context) => {
  const dir = await madeFolder(context);
  const executor = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => executor.dispose());
  for (const accumulate of [1, 3]) {
    const run = (name: string, maxSteps: number, isUnknown: (place: number) => boolean) => {
      const optimizer = { emaDecay: 0.9 };
      const options = optionsOf(dir, `${name} ${accumulate}`, { accumulate, maxSteps, optimizer, keepLast: 9 });
      return trainWith(executor, { ...options, logEverySteps: 1 }, (data) => unlabelled(data, isUnknown));
    };
    const step = (place: number) => Math.floor(place / WINDOWS_PER_STEP);
    await run("two", 2, () => false);
    const report = await run("four", 4, (place) => step(place) >= 2);
    assert.equal(report.unlabelledSteps, 2);
    assert.equal(report.warnings.length, 1);
    assert.match(report.warnings[0]!, /^step 3 was skipped and changed no weight: no label of its windows is known/);
    const [two, four] = [
      await checkpointBytes(join(dir, `two ${accumulate}`), 2),
      await checkpointBytes(join(dir, `four ${accumulate}`), 4),
    ];
    for (const file of ["model.safetensors", "optimizer.safetensors"]) assert.deepEqual(four[file], two[file], file);
    const state = JSON.parse(String(four["state.json"])) as Record<string, unknown>;
    assert.deepEqual([state.step, state.updates, state.unlabelledSteps, state.nonFiniteSteps], [4, 2, 2, 0]);
    const more = await run("five", 5, (place) => step(place) === 2 || step(place) === 3);
    assert.equal(more.unlabelledSteps, 2);
    const five = await checkpointBytes(join(dir, `five ${accumulate}`), 5);
    assert.notDeepEqual(five["model.safetensors"], four["model.safetensors"]);
  }
});

test("a batch without a known label weighs nothing in a step whose other batches have some", async (context) => {
  const dir = await madeFolder(context);
  const executor = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => executor.dispose());
  for (const unknown of [0, 1, 2]) {
    const fed: Readonly<Record<string, Feed>>[] = [];
    const options = optionsOf(dir, `unknown ${unknown}`, { accumulate: 3, maxSteps: 1 });
    const report = await trainWith(
      watched(executor, (feeds) => fed.push(feeds)),
      options,
      (data) => unlabelled(data, (place) => Math.floor(place / 2) === unknown),
    );
    assert.equal(report.unlabelledSteps, 0);
    const shares = fed.map(({ share }) => share![0]!);
    if (unknown === 0)
      assert.equal(fed.length, 2); // nothing to be learnt yet
    else assert.equal(shares[unknown], 0);
    assert.equal(fed.at(-1)!.update![0], 1);
    assert.equal(fed.find(({ kept }) => kept![0] === 0)!.share![0], 1);
  }
});

test("a run whose opening fails leaves no program compiled", async (context) => {
  const dir = await madeFolder(context);
  const real = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => real.dispose());
  const options = optionsOf(dir, "run", {});
  const data = await openTrainingData(fillTrainOptions(options).data, 7);
  context.after(() => data.reader.close());
  let open = 0;
  const failing = (fails: "predictor" | "state"): Executor => ({
    ...real,
    async compile(program) {
      if (fails === "predictor" && open > 0) throw new Error("no room for a second program");
      const compiled = await real.compile(program);
      open += 1;
      return {
        programHash: compiled.programHash,
        run: (feeds) => compiled.run(feeds),
        getState: () => compiled.getState(),
        setState(values) {
          if (fails === "state") throw new Error("no room for the state");
          compiled.setState(values);
        },
        async dispose() {
          open -= 1;
          await compiled.dispose();
        },
      };
    },
  });
  for (const fails of ["predictor", "state"] as const) {
    await assert.rejects(runTraining(options, data, failing(fails), { validate: () => ({}) }), /no room for/);
    assert.equal(open, 0, fails);
  }
});
