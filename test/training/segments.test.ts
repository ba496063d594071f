/** Probabilities over a recording with a gap: those of its parts, at the file's times, stored and read back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCache } from "../../src/cache/build.js";
import { describeRecordings } from "../../src/cache/manifest.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { openWindowReader } from "../../src/dataset/window-reader.js";
import { createDetector } from "../../src/model/detector.js";
import { DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { memoryStore } from "../../src/store/memory-store.js";
import type { Executor, Feed } from "../../src/tensor/program.js";
import { createSegmentJoiner } from "../../src/training/join-segments.js";
import { createPredictor, type RecordingPrediction } from "../../src/training/predict.js";
import { readPrediction, writePrediction } from "../../src/training/prediction-store.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { type Objects, stemOf } from "../cache/made-corpus.js";
import { encodeKind, GAP_RECORD, GAP_SECONDS, SECONDS } from "../cache/made-kinds.js";
import { TINY_UNET } from "./made-run.js";

const LOGIT_SAMPLES = 32; // of the tiny detector

/** An executor whose probability is the size of what a logit's samples hold: what it is shown decides its answer. */
function measuring(channelCount: number, windowSamples: number): Executor {
  const run = async (feeds: Record<string, Feed>) => {
    const x = feeds.x as Float32Array; // as the program declares it
    const windowSize = channelCount * windowSamples;
    const logits = windowSamples / LOGIT_SAMPLES;
    const probability = new Float32Array((x.length / windowSize) * logits);
    for (let i = 0; i < probability.length; i++) {
      const from = Math.floor(i / logits) * windowSize + (i % logits) * LOGIT_SAMPLES;
      const size = x.slice(from, from + LOGIT_SAMPLES).reduce((sum, value) => sum + Math.abs(value), 0);
      probability[i] = size / (100 + size);
    }
    return { probability };
  };
  const compiled = { programHash: "", setState() {}, getState: async () => ({}), run, dispose: async () => {} };
  return { name: "cpu", compile: async () => compiled, dispose: async () => {} };
}

test("a gap in a recording leaves each part its own probabilities, at the file's times, in memory and on disk", async (context) => {
  const dir = await temporaryFolder(context);
  const startOf = (record: number) => (record < GAP_RECORD ? record : record + GAP_SECONDS);
  const objects: Objects = {};
  const put = (patient: string, options: Parameters<typeof encodeKind>[0]) => {
    objects[`${stemOf({ patient, seconds: 0 })}.edf`] = encodeKind(options);
  };
  put("aaaaaaaa", { kind: "EDF+D", startOf });
  put("aaaaaaab", { kind: "EDF", records: [0, GAP_RECORD] });
  put("aaaaaaac", { kind: "EDF", records: [GAP_RECORD, SECONDS] });
  const store = memoryStore(objects);
  const catalogue = await readCatalogue(store);
  const chain = { ...DEFAULT_CHAIN, normalize: false };
  await buildCache({ store, catalogue, cacheDir: dir, chain, sampleType: "float32", workers: 0, gaps: "split" });
  const manifest = await describeRecordings(dir);
  const reader = await openWindowReader(dir, manifest);
  const detector = createDetector({ ...TINY_UNET, inputChannels: 19 });
  for (const windowSamples of [512, 2048]) {
    for (const rateHz of [8, 4]) {
      const predictor = await createPredictor(measuring(19, windowSamples), detector, { batchSize: 3, windowSamples });
      const found: RecordingPrediction[] = [];
      const options = { recordings: [0, 1, 2], strideSamples: 256, rateHz };
      for await (const each of predictor.predict(reader, options)) found.push(each);
      const [split, first, second] = found;
      const place = (GAP_RECORD + GAP_SECONDS) * rateHz;
      assert.equal(split!.probability.length, (SECONDS + GAP_SECONDS) * rateHz);
      assert.deepEqual(split!.segments, [
        { start: 0, end: GAP_RECORD * rateHz },
        { start: place, end: (SECONDS + GAP_SECONDS) * rateHz },
      ]);
      assert.deepEqual(split!.probability.subarray(0, GAP_RECORD * rateHz), first!.probability);
      assert.deepEqual(split!.probability.subarray(place), second!.probability);
      assert.ok(split!.probability.subarray(GAP_RECORD * rateHz, place).every((value) => value === 0));
      assert.equal("segments" in first!, false);
      for (const each of [split!, first!]) {
        await writePrediction(`${dir}/out`, each, { checkpointHash: "c", cacheKey: manifest.key, type: "float32" });
        const { sidecar: _sidecar, ...stored } = await readPrediction(`${dir}/out`, each.id);
        assert.deepEqual(stored, each);
      }
    }
  }
  await reader.close();
});

test("segments off the grid of logits and values begin at the nearest, and none takes a value of another", () => {
  const segments = [
    { startSample: 0, sampleCount: 100 },
    { startSample: 101, sampleCount: 60 },
    { startSample: 403, sampleCount: 8 },
  ];
  const joiner = createSegmentJoiner("mean", { sampleCount: 411, segments }, 8);
  joiner.add(segments[0]!, 0, new Float32Array(13).fill(0.25));
  joiner.add(segments[1]!, 101, new Float32Array(8).fill(0.75));
  joiner.add(segments[2]!, 403, new Float32Array(1).fill(1));
  const { probability, segments: ranges } = joiner.finish(4);
  assert.deepEqual(ranges, [
    { start: 0, end: 4 },
    { start: 4, end: 6 },
    { start: 12, end: 13 },
  ]);
  assert.deepEqual([...probability].slice(0, 3), [0.25, 0.25, 0.25]);
  assert.ok(probability[3]! > 0.25 && probability[3]! < 0.75); // holds the edges of two segments
  assert.deepEqual([...probability].slice(4), [0.75, 0.75, 0, 0, 0, 0, 0, 0, 1]);
});
