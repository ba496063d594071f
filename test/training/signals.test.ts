import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createDetector } from "../../src/model/detector.js";
import { loadSafetensors, saveSafetensors } from "../../src/model/safetensors.js";
import { openExecutor, probeExecutors } from "../../src/tensor/open.js";
import { loadWeights } from "../../src/training/load-weights.js";
import { fillTrainOptions } from "../../src/training/options.js";
import { createPredictor } from "../../src/training/predict.js";
import { readPrediction, readPredictions, writePrediction } from "../../src/training/prediction-store.js";
import { openTrainingData } from "../../src/training/run-data.js";

test("functions that read, write or probe reject with the reason of a signal that is aborted, and write nothing", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "ictal-signals-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const reason = new Error("stopped");
  const signal = AbortSignal.abort(reason);
  const prediction = { id: "a", rateHz: 1, probability: Float32Array.of(0.5) };
  const origin = { checkpointHash: "c", cacheKey: "k", type: "float32" } as const;
  await writePrediction(dir, prediction, origin);
  await saveSafetensors(join(dir, "w.safetensors"), {});
  const before = readdirSync(dir);
  const executor = await openExecutor("cpu");
  const detector = createDetector({ name: "unet" });
  const { data } = fillTrainOptions({ runDir: dir, data: { cacheDir: dir }, model: { name: "unet" } });
  const calls: Record<string, () => Promise<unknown>> = {
    openExecutor: () => openExecutor("cpu", { signal }),
    probeExecutors: () => probeExecutors({ signal }),
    loadSafetensors: () => loadSafetensors(join(dir, "w.safetensors"), { signal }),
    saveSafetensors: () => saveSafetensors(join(dir, "new.safetensors"), {}, {}, { signal }),
    loadWeights: () => loadWeights(join(dir, "w.safetensors"), { signal }),
    readPrediction: () => readPrediction(dir, "a", { signal }),
    readPredictions: () => readPredictions(dir, { signal }).next(),
    writePrediction: () => writePrediction(dir, { ...prediction, id: "b" }, origin, { signal }),
    openTrainingData: () => openTrainingData(data, 1, { signal }),
    createPredictor: () => createPredictor(executor, detector, { batchSize: 1, windowSamples: 256, signal }),
  };
  for (const [name, call] of Object.entries(calls))
    await assert.rejects(call(), (error) => error === reason, `${name} rejects with the reason`);
  assert.deepEqual(readdirSync(dir), before);
  await executor.dispose();
});
