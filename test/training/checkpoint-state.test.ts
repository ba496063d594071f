import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { sha256 } from "@ictal/base/canonical";
import { isIctalError } from "@ictal/base/errors";
import { loadSafetensors, type StoredTensor, saveSafetensors } from "../../src/model/safetensors.js";
import { openExecutor } from "../../src/tensor/open.js";
import { checkpointDir } from "../../src/training/checkpoint-folder.js";
import { parseState, sealState } from "../../src/training/checkpoint-state.js";
import { loadWeights } from "../../src/training/load-weights.js";
import { predictRecordings } from "../../src/training/predict-recordings.js";
import { readPredictions } from "../../src/training/prediction-store.js";
import { checkpointBytes, madeOptions, makeTrainingCache, temporaryFolder, trainHere } from "./made-run.js";

type Json = Record<string, unknown>;

const OPTIONS = { checkpointEverySteps: 2, keepLast: 4, seed: 7 };
let made: string;
let text: string;
let state: Json;

const at = (dir: string, run: string, step: number, file = "state.json") =>
  join(checkpointDir(join(dir, run), step), file);
const run = (dir: string, name: string, changes: object = {}) =>
  trainHere(madeOptions(dir, name, { ...OPTIONS, ...changes }));
const resume = (dir: string, name: string, changes: object = {}) =>
  run(dir, name, { maxSteps: 6, resume: true, ...changes });

before(async (context) => {
  made = await temporaryFolder(context as TestContext); // a suite's context has `after` too
  await makeTrainingCache(join(made, "cache"));
  await run(made, "whole", { maxSteps: 6 });
  await run(made, "other", { maxSteps: 4, seed: 8 });
  text = await readFile(at(made, "whole", 4), "utf8");
  state = JSON.parse(text) as Json;
});

/** A folder with the run of "whole" up to step 4, or to a single checkpoint of step 4. */
async function copyOf(context: TestContext, steps: readonly number[] = [2, 4]): Promise<string> {
  const dir = await temporaryFolder(context);
  await cp(join(made, "cache"), join(dir, "cache"), { recursive: true });
  for (const step of steps)
    await cp(checkpointDir(join(made, "whole"), step), checkpointDir(join(dir, "run"), step), { recursive: true });
  return dir;
}

async function edit(path: string, change: (value: Json) => Json): Promise<void> {
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, "utf8")) as Json)));
}

const without = (value: Json, ...keys: string[]): Json =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));

/** As version 0.1 wrote it: no checksum, and the files' digests apart. */
async function makeEarlier(dir: string, step: number, change: (value: Json) => Json = (value) => value): Promise<void> {
  const path = at(dir, "run", step);
  const { files } = JSON.parse(await readFile(path, "utf8")) as { files: Record<string, { sha256: string }> };
  const digests = Object.fromEntries(Object.entries(files).map(([name, { sha256: digest }]) => [name, digest]));
  await writeFile(at(dir, "run", step, "checksums.json"), JSON.stringify(digests));
  await edit(path, (value) => change(without(value, "checksum", "files", "unlabelledSteps")));
}

/** Edits of a state, and the field that is named. */
function mutations(): [field: string, name: string, text: string][] {
  const found: [string, string, string][] = [];
  const add = (field: string, name: string, value: Json) => found.push([field, name, JSON.stringify(value)]);
  const set = (key: string, value: unknown, field = key) =>
    add(field, `${key}=${JSON.stringify(value)}`, { ...state, [key]: value });
  const origin = state.origin as Json;
  for (const key of [
    "step",
    "updates",
    "nonFiniteSteps",
    "unlabelledSteps",
    "stepsPerEpoch",
    "totalSteps",
    "withoutBetter",
  ])
    for (const value of [null, "4", -1, 1.5, [], {}, true, 2 ** 53]) set(key, value);
  for (const value of [3, 5, 0, 1e9, 1e12]) set("step", value);
  for (const value of [3, 5, 0, 1e12]) set("updates", value);
  for (const value of [0, 1, 1e12]) set("stepsPerEpoch", value, value === 0 ? "stepsPerEpoch" : "totalSteps");
  for (const value of [1, 1e12]) set("totalSteps", value);
  for (const value of [{}, "x", [], { name: "loss", value: null, step: 2 }, { name: "loss", value: 1, step: "2" }])
    set(
      "best",
      value,
      Array.isArray(value) || typeof value === "string"
        ? "best"
        : "name" in value
          ? `best.${value.value === null ? "value" : "step"}`
          : "best.name",
    );
  set("best", { name: "loss", value: 0.1, step: 5 }, "best.step");
  set("best", { name: "loss", value: 0.001, step: 2 }, "checksum");
  for (const value of [null, [], ["a", 1], [1], [1, 2, 3], [1, -1], { 0: 1, 1: 2 }, 7])
    set(
      "epochLoss",
      value,
      Array.isArray(value) && value.length === 2 ? `epochLoss.${value[0] === "a" ? 0 : 1}` : "epochLoss",
    );
  set("epochLoss", [1, 5]);
  set("epochLoss", [1, 0]);
  set("isValidationPending", "false");
  set("withoutBetter", 1, state.best ? "checksum" : "withoutBetter");
  set("recipe", {}, "totalSteps");
  set("recipe", null);
  set("recipe", { ...(state.recipe as Json), seed: 8 }, "checksum");
  set("recipe", { ...(state.recipe as Json), learningRate: 1 }, "checksum");
  for (const value of [[], "x", [1], null])
    set("dataLines", value, Array.isArray(value) && value.length > 0 ? "dataLines.0" : "dataLines");
  set("dataLines", (state.dataLines as string[]).slice(1), "checksum");
  for (const [key, value] of Object.entries({
    channels: [],
    windowSamples: 0,
    sampleRateHz: -1,
    cacheKey: 7,
    model: "unet",
  }))
    set("origin", { ...origin, [key]: value }, `origin.${key}`);
  set("origin", { ...origin, windowSamples: 1e9 }, "checksum");
  set("origin", { ...origin, channels: ["A", "B"] }, "checksum");
  for (const value of [2, 0, "1", null]) set("formatVersion", value);
  for (const key of Object.keys(state)) add(key, `without ${key}`, without(state, key));
  add("(the whole)", "unknown key", { ...state, more: 1 });
  set("files", {}, "checksum");
  set("files", { "model.safetensors": { bytes: 1, sha256: "0" } }, "files.model.safetensors.sha256");
  set("checksum", "0".repeat(64));
  const start = text.slice(0, text.indexOf("{") + 1);
  found.push(["__proto__", "__proto__", `${start}"__proto__":{"polluted":1},${text.slice(start.length)}`]);
  found.push(["constructor", "constructor", `${start}"constructor":{"prototype":1},${text.slice(start.length)}`]);
  found.push(["recipe.__proto__", "in the recipe", text.replace('"recipe":{', '"recipe":{"__proto__":{"x":1},')]);
  found.push(["step", "1e999", text.replace('"step":4', '"step":1e999')]);
  found.push(["step", "twice", text.replace('"step":4', '"step":4,"step":3')]);
  return found;
}

test("every edit of a checkpoint's state is refused with file and field", () => {
  const { state: read } = parseState(text, "state.json", 4);
  assert.equal(read.step, 4);
  parseState(JSON.stringify(state, null, 2), "state.json", 4); // other blanks are no other content
  for (const [field, name, changed] of mutations()) {
    assert.notEqual(changed, text, name);
    assert.throws(
      () => parseState(changed, "run/state.json", 4),
      (error) => {
        assert.ok(isIctalError(error, "FormatError"), `${name}: ${String(error)}`);
        assert.equal(error.place.file, "run/state.json");
        assert.equal(error.place.field, field, `${name}: ${error.message}`);
        assert.match(error.message, /run\/state\.json: .*edited or damaged/);
        return true;
      },
      name,
    );
  }
  for (const broken of ["", "{", "null", "[]", "4", text.slice(0, 100), `${text}x`])
    assert.throws(() => parseState(broken, "state.json", 4), { name: "FormatError" }, broken);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

const FAULTS: Record<string, [reason: RegExp, spoil: (dir: string) => Promise<void>]> = {
  "an edited number": [/invalid updates: 3/, (dir) => edit(at(dir, "run", 4), (value) => ({ ...value, updates: 3 }))],
  "an edited best": [
    /not that of its checksum/,
    (dir) => edit(at(dir, "run", 4), (value) => ({ ...value, best: { name: "loss", value: -1, step: 2 } })),
  ],
  "a state of another step": [/invalid step: 2; its folder/, (dir) => copyFile(at(dir, "run", 2), at(dir, "run", 4))],
  "a checkpoint of another step": [
    /invalid step: 4; its folder is that of step 5/,
    (dir) => rename(checkpointDir(join(dir, "run"), 4), checkpointDir(join(dir, "run"), 5)),
  ],
  "a model of another run": [
    /model\.safetensors: its bytes are not those/,
    (dir) => copyFile(at(made, "other", 4, "model.safetensors"), at(dir, "run", 4, "model.safetensors")),
  ],
  "moments of another run": [
    /optimizer\.safetensors: its bytes are not those/,
    (dir) => copyFile(at(made, "other", 4, "optimizer.safetensors"), at(dir, "run", 4, "optimizer.safetensors")),
  ],
  "a file too many": [
    /its folder holds average\.safetensors, model/,
    (dir) => copyFile(at(dir, "run", 4, "model.safetensors"), at(dir, "run", 4, "average.safetensors")),
  ],
  "a state that lost its checksum": [
    /invalid checksum: nothing, and no checksums\.json of version 0\.1/,
    (dir) => edit(at(dir, "run", 4), (value) => without(value, "checksum", "files", "unlabelledSteps")),
  ],
  "an edited state of version 0.1": [
    /invalid origin\.windowSamples: 1000000000; expected 2560/,
    (dir) => makeEarlier(dir, 4, (value) => ({ ...value, origin: { ...(value.origin as Json), windowSamples: 1e9 } })),
  ],
  "a state of version 0.1 beyond its end": [
    /invalid step: 4 of 3 in all/,
    (dir) =>
      makeEarlier(dir, 4, (value) => ({
        ...value,
        stepsPerEpoch: 1,
        totalSteps: 3,
        recipe: { ...(value.recipe as Json), epochs: 3 },
      })),
  ],
};

for (const [name, [reason, spoil]] of Object.entries(FAULTS)) {
  test(`${name}: the run resumes from the checkpoint before with a warning and ends on the same bits`, async (context) => {
    const dir = await copyOf(context);
    await spoil(dir);
    const report = await resume(dir, "run");
    assert.match(report.warnings[0]!, reason);
    assert.match(report.warnings[0]!, /is damaged .* was moved to .*; continuing from step 2/);
    assert.deepEqual(await checkpointBytes(join(dir, "run"), 6), await checkpointBytes(join(made, "whole"), 6));
  });
}

test("without a checkpoint before it, an edited one is refused with its file and field", async (context) => {
  const dir = await copyOf(context, [4]);
  await edit(at(dir, "run", 4), (value) => ({ ...value, step: null }));
  await assert.rejects(resume(dir, "run"), (error) => {
    assert.ok(isIctalError(error, "CacheError"));
    assert.match(
      error.message,
      /no checkpoint of .* is whole \(step 4: .*state\.json: invalid step: null; expected a number/,
    );
    assert.ok(isIctalError(error.cause, "FormatError") && error.cause.place.field === "step");
    return true;
  });
});

test("a run is resumed from a checkpoint of version 0.1 to the same bits, and its missing checksum is reported", async (context) => {
  const dir = await copyOf(context);
  await makeEarlier(dir, 4);
  assert.equal((await loadWeights(join(dir, "run"))).detector.name, "unet");
  const report = await resume(dir, "run");
  assert.match(report.warnings[0]!, /is of version 0\.1, whose state has no checksum/);
  assert.deepEqual(await checkpointBytes(join(dir, "run"), 6), await checkpointBytes(join(made, "whole"), 6));
});

test("a state that follows from other data than these is refused, and other signals with changed data too", async (context) => {
  const dir = await copyOf(context, [4]);
  await makeEarlier(dir, 4, (value) => ({ ...value, origin: { ...(value.origin as Json), channels: ["FP1", "C3"] } }));
  await assert.rejects(resume(dir, "run"), /invalid origin\.channels: \["FP1","C3"\]; expected \["FP1","F3"\]/);
  const other = await copyOf(context, [4]);
  await makeEarlier(other, 4, (value) => ({
    ...value,
    origin: { ...(value.origin as Json), sampleRateHz: 200, cacheKey: "x" },
  }));
  await assert.rejects(resume(other, "run", { allowDataChange: true }), {
    name: "CacheError",
    message: /the cache holds FP1 F3 at 256 Hz, the run in .* was trained on FP1 F3 at 200 Hz/,
  });
});

test("a best checkpoint that was deleted or is of another metric is reported, and the best is determined again", async (context) => {
  const dir = await copyOf(context, []);
  const metric = { name: "score", mode: "max" } as const;
  const ofEpochs = (changes: object) => madeOptions(dir, "run", { epochs: 3, metric, ...changes });
  let score = 3;
  const first = await trainHere(ofEpochs({}), { validate: () => ({ score: score-- }) });
  const best = first.validations[0]!.step;
  assert.equal(first.checkpoint, at(dir, "run", best, "model.safetensors"));
  assert.equal((await loadWeights(join(dir, "run"))).path, first.checkpoint);
  const byLoss = await trainHere(ofEpochs({ metric: { name: "loss", mode: "min" }, resume: true }));
  assert.match(
    byLoss.warnings[0]!,
    new RegExp(`step ${best} of .* was chosen by score, this run's metric is loss; the best is determined again from`),
  );
  assert.equal(byLoss.bestMetric, null);
  await rm(checkpointDir(join(dir, "run"), best), { recursive: true });
  await assert.rejects(loadWeights(join(dir, "run")), {
    name: "NotFoundError",
    message: /the best checkpoint of the run, was deleted; name one of step-/,
  });
  const again = await trainHere(ofEpochs({ resume: true }), { validate: () => ({ score: 0 }) });
  assert.match(again.warnings[0]!, /was deleted; the best is determined again/);
  assert.equal(again.bestMetric, null);
});

test("loadWeights(path) refuses weights that are not those of their checkpoint, and an origin that cannot be", async (context) => {
  const dir = await copyOf(context);
  const model = at(dir, "run", 4, "model.safetensors");
  const sound = await loadWeights(model);
  assert.equal(sound.hash, sha256(await readFile(model)));
  await copyFile(at(made, "other", 4, "model.safetensors"), model);
  for (const path of [model, checkpointDir(join(dir, "run"), 4)])
    await assert.rejects(loadWeights(path), {
      name: "FormatError",
      message: /model\.safetensors: its bytes are not those/,
    });
  const alone = join(dir, "weights.safetensors");
  await copyFile(at(made, "whole", 4, "model.safetensors"), alone);
  assert.deepEqual((await loadWeights(alone)).values, sound.values);
  const bytes = await readFile(alone);
  const samples = /\\"windowSamples\\":2560/;
  const changed = (from: RegExp, to: string) => {
    const found = bytes.toString("latin1").match(from)![0];
    return writeFile(
      alone,
      Buffer.from(bytes.toString("latin1").replace(found, to.padEnd(found.length, " ")), "latin1"),
    );
  };
  for (const [from, to, message] of [
    [samples, '\\"windowSamples\\":-260', /invalid windowSamples: -260; expected at least 1/],
    [samples, '\\"windowSamples\\":2561', /invalid windowSamples: 2561; unet takes multiples of/],
    [samples, '\\"__proto__\\":1', /the key __proto__ is not allowed/],
    [/\[\\"FP1\\",\\"F3\\"\]/, '[\\"FP1\\"]', /invalid channels: 1; unet takes 2/],
    [/\[\\"FP1\\",\\"F3\\"\]/, "null", /invalid channels: null; expected a list/],
    [/\{\\"cacheKey/, "nonsense", /not JSON/],
  ] as const) {
    await changed(from, to);
    await assert.rejects(loadWeights(alone), { name: "FormatError", message });
  }
});

/** Replace tensors of a checkpoint's file, and seal the state again, as a program does that wrote such numbers itself. */
async function replaceTensors(
  dir: string,
  file: string,
  change: (tensors: Record<string, StoredTensor>) => void,
): Promise<void> {
  const path = at(dir, "run", 4, file);
  const { tensors, metadata } = await loadSafetensors(path);
  const changed = { ...tensors };
  change(changed);
  await saveSafetensors(path, changed, metadata);
  const stored = parseState(text, "state.json");
  const bytes = await readFile(path);
  const files = { ...stored.files, [file]: { bytes: bytes.length, sha256: sha256(bytes) } };
  await writeFile(at(dir, "run", 4), sealState(stored.state, files));
}

test("a checkpoint with weights or moments that are not finite is skipped for the one before, and never predicted with", async (context) => {
  const first = (tensors: Record<string, StoredTensor>, start: string) =>
    tensors[Object.keys(tensors).find((name) => name.startsWith(start))!]!.values;
  for (const [file, change, message] of [
    ["model", (tensors) => first(tensors, "").fill(Number.NaN, 1, 2), /invalid .*: NaN at 1; expected finite/],
    ["model", (tensors) => first(tensors, "").fill(Number.NEGATIVE_INFINITY), /invalid .*: -Infinity at 0; expected/],
    ["optimizer", (tensors) => first(tensors, "exp_avg.").fill(Number.NaN), /invalid exp_avg\..*: NaN at 0/],
    ["optimizer", (tensors) => first(tensors, "exp_avg_sq.").fill(-1), /invalid exp_avg_sq\..*: -1; .*at least 0/],
    [
      "optimizer",
      (tensors) => {
        tensors["exp_avg.more"] = { shape: [1], values: new Float32Array(1) };
      },
      /\d+ tensors; expected 2 of each of \d+ parameters/,
    ],
  ] as [string, (tensors: Record<string, StoredTensor>) => void, RegExp][]) {
    const dir = await copyOf(context);
    await replaceTensors(dir, `${file}.safetensors`, change);
    if (file === "model")
      await assert.rejects(loadWeights(checkpointDir(join(dir, "run"), 4)), { name: "FormatError", message });
    const report = await resume(dir, "run");
    assert.match(report.warnings[0]!, message);
    assert.match(report.warnings[0]!, /was moved to .*; continuing from step 2/);
    assert.deepEqual(await checkpointBytes(join(dir, "run"), 6), await checkpointBytes(join(made, "whole"), 6));
  }
});

/** Another origin in a file's metadata, or in the state, which is sealed again. */
async function replaceOrigin(dir: string, file: string | undefined, changes: Json): Promise<void> {
  const stored = parseState(text, "state.json");
  const { origin } = stored.state;
  if (file === undefined) {
    await writeFile(
      at(dir, "run", 4),
      sealState({ ...stored.state, origin: { ...origin, ...changes } }, stored.files!),
    );
    return;
  }
  const path = at(dir, "run", 4, file);
  const { tensors, metadata } = await loadSafetensors(path);
  await saveSafetensors(path, tensors, { ...metadata, ictal: JSON.stringify({ ...origin, ...changes }) });
  const bytes = await readFile(path);
  const files = { ...stored.files, [file]: { bytes: bytes.length, sha256: sha256(bytes) } };
  await writeFile(at(dir, "run", 4), sealState(stored.state, files));
}

test("an origin that was edited in the weights or in the state is refused, though the state was sealed again", async (context) => {
  const model = { ...(state.origin as { model: Json }).model, dropout: 0.3 };
  for (const [file, changes, message] of [
    [
      "model.safetensors",
      { cacheKey: "0123456789abcdef" },
      /metadata name cacheKey "0123456789abcdef", the state of its/,
    ],
    [
      "model.safetensors",
      { windowSamples: 1280 },
      /metadata name windowSamples 1280, the state of its checkpoint 2560/,
    ],
    ["optimizer.safetensors", { channels: ["F3", "FP1"] }, /metadata name channels \["F3","FP1"\], the state/],
    [
      undefined,
      { channels: ["F3", "FP1"] },
      /metadata name channels \["FP1","F3"\], the state|invalid origin.channels/,
    ],
    [undefined, { model }, /invalid origin\.model: .*"dropout":0\.3.*expected that of the recipe/],
  ] as [string | undefined, Json, RegExp][]) {
    const dir = await copyOf(context);
    await replaceOrigin(dir, file, changes);
    if (file !== "optimizer.safetensors")
      await assert.rejects(loadWeights(checkpointDir(join(dir, "run"), 4)), { name: "FormatError", message });
    const report = await resume(dir, "run");
    assert.match(report.warnings[0]!, message);
    assert.match(report.warnings[0]!, /continuing from step 2/);
  }
});

test("loadWeights(folder) refuses a checkpoint without its state, whose file can still be named", async (context) => {
  const dir = await copyOf(context);
  const folder = checkpointDir(join(dir, "run"), 4);
  await rm(join(folder, "state.json"));
  await assert.rejects(loadWeights(folder), {
    name: "NotFoundError",
    message: /has no state\.json, so nothing tells whether its weights are whole; restore it, or name the file/,
  });
  assert.equal((await loadWeights(join(folder, "model.safetensors"))).detector.name, "unet");
  const moved = join(dir, "model"); // another name, and still all that a run writes
  await rename(folder, moved);
  await assert.rejects(loadWeights(moved), /has no state\.json/);
  await rm(join(moved, "optimizer.safetensors"));
  assert.equal((await loadWeights(moved)).detector.name, "unet"); // the folder of a SzCORE container
});

test("finite weights that answer with no number end a prediction, which would else find no event", async (context) => {
  const dir = await copyOf(context);
  await replaceTensors(dir, "model.safetensors", (tensors) => {
    for (const { values } of Object.values(tensors)) values.fill(3e38);
  });
  const executor = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => executor.dispose());
  const options = { checkpoint: checkpointDir(join(dir, "run"), 4), cacheDir: join(dir, "cache"), executor };
  const outDir = join(dir, "out");
  await assert.rejects(predictRecordings({ ...options, split: "dev", outDir }).next(), {
    name: "CacheError",
    message:
      /the network answers NaN at [\d.]+ s of dev\/.*, which is no probability: its weights have grown too large/,
  });
  assert.equal(existsSync(outDir), false);
});

test("a folder holds the predictions of one checkpoint and calibration: those of the same recordings are replaced, others refused", async (context) => {
  const executor = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => executor.dispose());
  const outDir = join(await temporaryFolder(context), "out");
  const [g, h] = ["dev/g/s/m/t0", "dev/h/s/m/t0"];
  const predict = (name: string, ids: string[], storeAs: "float16" | "float32" = "float16") => {
    const checkpoint = checkpointDir(join(made, name), 4);
    return predictRecordings({ checkpoint, cacheDir: join(made, "cache"), executor, ids, outDir, storeAs });
  };
  const hashOfStored = async () => {
    const hashes: string[] = [];
    for await (const { sidecar } of readPredictions(outDir)) hashes.push(sidecar.checkpointHash);
    return hashes;
  };
  const hashOfRun = async (name: string) => (await loadWeights(checkpointDir(join(made, name), 4))).hash;
  const [whole, other] = [await hashOfRun("whole"), await hashOfRun("other")];
  for await (const _ of predict("whole", [g, h], "float32")); // stored
  await writeFile(join(outDir, "dev/detections.json"), JSON.stringify({ formatVersion: 1, id: g, events: [] }));
  assert.deepEqual(await hashOfStored(), [whole, whole]);
  await assert.rejects(predict("other", [g]).next(), {
    name: "CacheError",
    message: new RegExp(`predictions of another checkpoint, e\\.g\\. of ${h} by ${whole.slice(0, 12)}`),
  });
  assert.deepEqual(await hashOfStored(), [whole, whole]);
  const ofWhole = {
    checkpoint: checkpointDir(join(made, "whole"), 4),
    cacheDir: join(made, "cache"),
    executor,
    outDir,
  };
  const corrected = (temperature: number, ids: string[]) =>
    predictRecordings({ ...ofWhole, ids, calibration: { temperature, bias: 0, checkpointHash: whole } });
  const mixed = (by: string) => ({
    name: "CacheError",
    message: new RegExp(`predictions with another calibration, e\\.g\\. of ${h} by ${by}, and this one is`),
  });
  await assert.rejects(corrected(2, [g]).next(), mixed("none"));
  for await (const _ of corrected(2, [g, h])); // replaced as a whole
  await assert.rejects(corrected(3, [g]).next(), mixed("[0-9a-f]{12}"));
  await assert.rejects(predict("whole", [g]).next(), mixed("[0-9a-f]{12}"));
  for await (const _ of corrected(2, [g])); // one and the same
  const stopped = predict("other", [g, h]);
  await stopped.next();
  await stopped.return();
  assert.deepEqual(await hashOfStored(), [other]);
  assert.equal(existsSync(join(outDir, `${g}.f32`)) || existsSync(join(outDir, `${h}.f32`)), false);
});
