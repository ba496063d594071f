import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { parseNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { createAutosave } from "@ictal/jupyter/runner/autosave";
import { notebookText } from "@ictal/jupyter/test/notebook-text";
import { buildCache } from "../../src/cache/build.js";
import { readManifest, writeManifest } from "../../src/cache/manifest.js";
import { finalisePlan } from "../../src/cluster/finalise.js";
import { makePlan, writePlan } from "../../src/cluster/plan.js";
import { receiptPath, writeState } from "../../src/cluster/state.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { SYNTHETIC_MARKER } from "../../src/corpus/synthetic-name.js";
import { exportNpz } from "../../src/dataset/npz/export-npz.js";
import { createDetector } from "../../src/model/detector.js";
import { initialValues } from "../../src/model/parameters.js";
import { deidentifyEdf } from "../../src/recording/edf-deidentify.js";
import { writeEdf } from "../../src/recording/edf-writer.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { openMirrorIndex } from "../../src/store/mirror-index.js";
import { pullObjects } from "../../src/store/pull.js";
import { openOnnxExecutor } from "../../src/tensor/onnx-executor.js";
import { tf } from "../../src/tensor/tf.js";
import { writeCheckpoint, writeCheckpointState } from "../../src/training/checkpoint.js";
import type { CheckpointState } from "../../src/training/checkpoint-state.js";
import { writePrediction } from "../../src/training/prediction-store.js";
import { openRunLog } from "../../src/training/run-log.js";
import { makeCache, RATE, seizure, temporaryFolder } from "../cache/made-cache.js";
import { idOf, type MadeFile, makeObjects } from "../cache/made-corpus.js";
import { float, randomFeeds, runOnce } from "../tensor/compare.js";
import { TINY_UNET } from "../training/made-run.js";
import { type DiskStep, lossesOf, placed, watchDisk } from "./disk-spy.js";

test("the spy names a file that is renamed unsynced, one written again after its sync, and a folder that is not synced", async (context) => {
  const dir = await temporaryFolder(context);
  const [part, whole] = [join(dir, "a.part"), join(dir, "a")];
  const write = async (last: "sync" | "write") => {
    const handle = await open(part, "w");
    if (last === "write") await handle.sync();
    await handle.writeFile("bytes");
    if (last === "sync") await handle.sync();
    await handle.close();
    await rename(part, whole);
  };
  const noFolder = `${dir} was not synced after ${whole} was renamed into it`;
  const unsynced = `${part} was renamed to ${whole} before it was synced`;
  assert.deepEqual(lossesOf(await watchDisk(() => write("sync"))), [noFolder]);
  assert.deepEqual(lossesOf(await watchDisk(() => write("write"))), [unsynced, noFolder]);
  await writeFile(part, "of another program");
  assert.deepEqual(lossesOf(await watchDisk(() => rename(part, whole))), [unsynced, noFolder]);
  await assert.rejects(
    watchDisk(async () => {
      throw new Error("of the work");
    }),
    /of the work/,
  );
  assert.deepEqual(await watchDisk(async () => undefined), []);
});

/** Fails unless `work` places exactly `expected`, in that order, and loses nothing to a power cut. */
async function survivesPowerCut(dir: string, expected: readonly string[], work: () => Promise<unknown>): Promise<void> {
  const steps = await watchDisk(work);
  assert.deepEqual(lossesOf(steps), []);
  assert.deepEqual(placed(steps, dir), expected);
}

test("writeFileAtomic syncs the file before its rename and the folder after it", async (context) => {
  const dir = await temporaryFolder(context);
  await survivesPowerCut(dir, ["a/b", "a/b"], async () => {
    await writeFileAtomic(join(dir, "a/b"), "first");
    await writeFileAtomic(join(dir, "a/b"), new Uint8Array(10));
  });
});

test("a cache places samples, then their sidecar, notes of excluded recordings, and the manifest last, each synced", async (context) => {
  const dir = await temporaryFolder(context);
  const files: MadeFile[] = [
    { patient: "aaaaaaaa", seconds: 30, events: [[5, 12, "seiz"]] },
    { patient: "aaaaaaab", seconds: 4, electrodes: ["FP1", "FP2"] },
  ];
  const store = memoryStore(makeObjects(files));
  const catalogue = await readCatalogue(store);
  let key = "";
  const steps = await watchDisk(async () => {
    // A memory limit of nothing: the spilled frames, which are no part of the cache, are not synced and not renamed.
    ({ key } = await buildCache({ store, catalogue, cacheDir: dir, workers: 0, memoryLimitBytes: 0 }));
    await writeManifest(dir, { key, catalogue });
  });
  assert.deepEqual(lossesOf(steps), []);
  const [whole, excluded] = files.map((file) => `${key}/${idOf(file)}`);
  const [description, samples, sidecar, note, manifest, ...rest] = placed(steps, dir);
  assert.deepEqual(rest, []);
  assert.match(description!, new RegExp(`^${key}/[a-z]+\\.json$`));
  assert.deepEqual([samples, sidecar, manifest], [`${whole}.i16`, `${whole}.json`, `${key}/manifest.json`]);
  assert.ok(note!.startsWith(excluded!), note);
});

test("a checkpoint is synced file by file, its state last, before its folder gets its name", async (context) => {
  const dir = await temporaryFolder(context);
  const detector = createDetector(TINY_UNET);
  const values = initialValues([...detector.parameters, ...detector.buffers], 1);
  const pick = (specs: typeof detector.parameters) =>
    Object.fromEntries(specs.map(({ name }) => [name, values[name]!]));
  const parameters = pick(detector.parameters);
  const tensors = { parameters, buffers: pick(detector.buffers), first: parameters, second: parameters };
  const state: CheckpointState = {
    ...{
      formatVersion: 1,
      step: 3,
      updates: 3,
      nonFiniteSteps: 0,
      unlabelledSteps: 0,
      stepsPerEpoch: 3,
      totalSteps: 9,
    },
    ...{
      best: null,
      withoutBetter: 0,
      isValidationPending: false,
      epochLoss: [1, 3],
      recipe: { epochs: 3 },
      dataLines: ["r 0 60"],
    },
    origin: { model: TINY_UNET, windowSamples: 2560, sampleRateHz: RATE, channels: ["FP1", "F3"], cacheKey: "k" },
  };
  const steps = await watchDisk(() => writeCheckpoint(dir, detector, { ...tensors, average: parameters }, state));
  assert.deepEqual(lossesOf(steps), []);
  const names = steps.flatMap(({ kind, path }) => (kind === "rename" ? [path.slice(path.lastIndexOf("/") + 1)] : []));
  const weights = ["model.safetensors", "average.safetensors", "optimizer.safetensors"];
  assert.deepEqual(names, [...weights, "state.json", "step-00000003"]);
  const again = ["checkpoints/step-00000003/state.json"];
  await survivesPowerCut(dir, again, () => writeCheckpointState(dir, { ...state, withoutBetter: 1 }));
  await survivesPowerCut(dir, ["metrics.jsonl"], () => openRunLog(join(dir, "metrics.jsonl"), 3));
});

test("a prediction's values are synced and placed before the sidecar that vouches for them", async (context) => {
  const dir = await temporaryFolder(context);
  const prediction = { id: "dev/g/s/m/t0", rateHz: 1, probability: Float32Array.of(0.25, 0.5) };
  for (const [type, ending] of [
    ["float16", "f16"],
    ["float32", "f32"],
  ] as const)
    await survivesPowerCut(dir, [`dev/g/s/m/t0.${ending}`, "dev/g/s/m/t0.json"], () =>
      writePrediction(dir, prediction, { type, checkpointHash: "c", cacheKey: "k" }),
    );
});

test("an EDF that is written or deidentified is synced before it gets its name", async (context) => {
  const dir = await temporaryFolder(context);
  const signal = { label: "EEG FP1-REF", physicalMin: -100, physicalMax: 100, samplesPerRecord: 10 };
  const signals = [{ ...signal, samples: new Float32Array(200) }];
  const spec = { kind: "EDF" as const, recordDurationSeconds: 1, signals };
  await survivesPowerCut(dir, ["a.edf"], () => writeEdf(join(dir, "a.edf"), spec));
  await survivesPowerCut(dir, ["out/b.edf"], () => deidentifyEdf(join(dir, "a.edf"), join(dir, "out/b.edf")));
});

test("exported archives are synced and placed before the list that names them", async (context) => {
  const dir = await temporaryFolder(context);
  const id = "train/aaaaaaaa/s001_2010/01_tcp_ar/aaaaaaaa_s001_t000";
  await makeCache(dir, [{ id, sampleCount: 9 * RATE, seizures: [seizure(2, 4)] }]);
  await writeManifest(dir);
  const options = { cacheDir: dir, manifest: await readManifest(dir), windowSeconds: 3, strideSeconds: 3 };
  const out = join(dir, "npz");
  await survivesPowerCut(out, ["train/aaaaaaaa_s001_t000_windows.npz", "train/manifest.json"], () =>
    exportNpz({ ...options, outDir: out }),
  );
});

test("every save of a running notebook is synced", async (context) => {
  const dir = await temporaryFolder(context);
  const notebook = parseNotebook(notebookText(["1 + 1"]), "a.ipynb");
  const listener = { saved: () => undefined, saveFailed: (_: string, error: Error) => assert.fail(error) };
  const autosave = createAutosave(join(dir, "a.ipynb"), notebook, () => undefined, listener);
  await survivesPowerCut(dir, ["a.ipynb", "a.ipynb", "a.ipynb"], async () => {
    await autosave.first();
    await autosave.save();
    await autosave.last();
  });
});

test("a plan, its receipts and its result are synced, the result last", async (context) => {
  const dir = await temporaryFolder(context);
  const row = { run: "a", epochs: 2 };
  const plan = makePlan("train", [{ items: 1, commands: [["train"]], inputs: 1, row }]);
  const receipt = {
    ...{ shard: 0, hash: plan.shards[0]!.hash, state: "done" as const, exitCode: 0, attempts: 1 },
    ...{ startedAt: "2024-01-01T00:00:00Z", seconds: 1, host: "h", results: [{}], lastLines: [] },
  };
  await survivesPowerCut(dir, ["plan.json", "shards/0.json", "table.csv", "result.json"], async () => {
    await writePlan(dir, plan);
    await writeState(receiptPath(dir, 0), receipt);
    await finalisePlan(dir, plan, { ictal: [] });
  });
});

test("a synthetic corpus is whole on the disk before its marker says so", async (context) => {
  const dir = await temporaryFolder(context);
  const steps = await watchDisk(() => synthesizeCorpus(dir, { recordings: 3, maxDurationSeconds: 20 }));
  assert.deepEqual(lossesOf(steps), []);
  const files = placed(steps, dir);
  assert.ok(files.length > 3);
  assert.equal(files.at(-1), SYNTHETIC_MARKER);
});

test("a pulled object lies whole in its place before the index says so, and the index is rewritten synced", async (context) => {
  const dir = await temporaryFolder(context);
  const objects = { "a.edf": new Uint8Array(70_000), "b/c.edf": new Uint8Array(10), "d.csv": "text" };
  let index: string | undefined;
  // The thread that moves the files is not watched: they are looked at when a line of the index has been added.
  const ended = ({ kind, path }: DiskStep) => {
    if (kind !== "append") return;
    index = path;
    for (const line of readFileSync(path, "utf8").trim().split("\n")) {
      const { key, size } = JSON.parse(line) as { key: string; size: number };
      assert.equal(readFileSync(join(dir, key)).length, size, `${key} is not whole`);
    }
  };
  await watchDisk(() => pullObjects(memoryStore(objects), dir), ended);
  if (index === undefined) return assert.fail("no line was added to an index");
  const file: string = index;
  for (const key of Object.keys(objects)) assert.equal((await stat(join(dir, key))).isFile(), true);
  const before = await readFile(file, "utf8");
  await writeFile(file, before + before);
  const mirror = await openMirrorIndex(file);
  await survivesPowerCut(dir, [file.slice(dir.length + 1)], () => mirror.compact());
});

test("a graph that the runtime rewrote is synced before it is kept", async (context) => {
  const graphDir = await temporaryFolder(context);
  const program = {
    name: "many products",
    identity: 1,
    inputs: { x: float(8, 8), w: float(8, 8) },
    build({ x, w }: Record<string, ReturnType<typeof tf.tensor>>) {
      let y = x!;
      for (let i = 0; i < 300; i++) y = tf.tanh(tf.matMul(y, tf.add(w!, i / 300), false, true));
      return { y };
    },
  };
  const executor = await openOnnxExecutor("onnx-cpu", { graphDir });
  const steps = await watchDisk(() => runOnce(executor, program, randomFeeds(program.inputs)));
  assert.deepEqual(lossesOf(steps), []);
  assert.equal(placed(steps, graphDir).length, 1);
});

/** Files of src that rename by themselves, and why what they place need not outlive a power cut. */
const OWN_RENAMES: Readonly<Record<string, string>> = {
  "@ictal/base/atomic-file.ts": "commitFile itself",
  "@ictal/base/lock-file.mjs": "a lock, which no process holds after a power cut",
  "@ictal/jupyter/kernel/language/load-typescript.ts": "a compile cache, which V8 checks",
  "@ictal/jupyter/kernel/modules/emission.ts": "a compile cache, made again",
  "cli/compile-wasm.mjs": "made again by the next build",
  "store/file-writer-worker.ts": "unsynced by contract: the mirror looks for what a power cut took",
  "store/partial-files.ts": "gives a partial file another owner",
  "tensor/tensorflow/compile.ts": "the folder's record is written last, synced, and vouches for it",
  "training/checkpoint-folder.ts": "takes a run's old checkpoints away before they are removed",
  "training/latest-checkpoint.ts": "sets a damaged checkpoint aside",
};

test("no source renames past commitFile unless this list says why", () => {
  const renamingIn = (dir: string, prefix: string) => {
    const src = fileURLToPath(new URL(`../../../${dir}/`, import.meta.url));
    return readdirSync(src, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|mjs)$/.test(name))
      .filter((name) => /\brename(Sync)?\(/.test(readFileSync(join(src, name), "utf8")))
      .map((name) => `${prefix}${name}`);
  };
  const renaming = [
    ...renamingIn("src", ""),
    ...renamingIn("kernels/base/src", "@ictal/base/"),
    ...renamingIn("kernels/typescript/src", "@ictal/jupyter/"),
  ];
  assert.deepEqual(renaming.sort(), Object.keys(OWN_RENAMES).sort());
});
