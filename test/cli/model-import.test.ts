import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { importModel } from "../../src/cli/model-import.js";
import { loadSafetensors, saveSafetensors } from "../../src/model/safetensors.js";
import { loadWeights } from "../../src/training/load-weights.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { encodeKind, SECONDS } from "../cache/made-kinds.js";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/model/${name}`, import.meta.url));
const ictal = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });

const SMALL = [
  "channels=[4, 6, 8]",
  "kernels=[7, 5, 3]",
  "decoder_kernels=[3, 3, 5]",
  "residual_kernels=[3, 2]",
  "layers=2",
  "heads=2",
  "feed_forward=12",
  "head_kernel=5",
].flatMap((value) => ["--set", `model.seizure_transformer.${value}`]);

test("model import refuses what it cannot take, in one sentence, and writes nothing", async (context) => {
  const out = join(await temporaryFolder(context), "x");
  const transformer = { model: "seizure_transformer", out };
  for (const [file, flags, message] of [
    ["weights.h5", { out }, /extension "\.h5"; expected one of \.safetensors, \.pth, \.pt, \.onnx/],
    ["nested.pth", { out }, /give --model, the detector of the weights: seizure_detector,/],
    ["nested.pth", { out, model: "unett" }, /unknown model.name: unett; .*did you mean unet\?/],
    ["nested.pth", { ...transformer, rate: 5, seizureClass: 1 }, /--rate, --seizure-class: only for ONNX files/],
    ["nested.pth", transformer, /of another shape: .* --set model/],
    ["module.pth", transformer, /an object of torch\.nn\.modules\.linear\.Linear/],
    ["samples.onnx", { out, map: ["a=b"] }, /--map: only for weights/],
    ["classes.onnx", { out }, /give --output probability\|logit, --rate HZ, --window SECONDS/],
    ["samples.onnx", { out, channels: ["Cz", "E12"] }, /the network takes E12, which the cache does not have/],
    [
      "samples.onnx",
      { out, channels: ["Cz", "Fz"] },
      /\[batch, 2 channels, 64 samples\] were declared|cannot run on windows/,
    ],
    ["samples.onnx", { out, seizureClass: 3 }, /has no class 3 on its second axis/],
    ["none.onnx", { out }, /no network at/],
  ] as const)
    await assert.rejects(importModel(fixture(file), flags), { message }, `${file} ${JSON.stringify(flags)}`);
  assert.ok(!existsSync(out));
});

test("weights of PyTorch become a folder that detect and model export take with no other configuration", async (context) => {
  const dir = await temporaryFolder(context);
  const out = join(dir, "st");
  const windows = ["--set", "data.window_size=4"];
  const words = ["--model", "seizure_transformer", "--out", out, ...SMALL, ...windows, "--json"];
  const made = ictal("model", "import", fixture("nested.pth"), ...words);
  assert.equal(made.status, 0, made.stderr);
  const report = JSON.parse(made.stdout);
  assert.deepEqual([report.nest, report.ignored, report.origin.windowSamples], ["state_dict", [], 1024]);
  const config = await readFile(join(out, "config.yaml"), "utf8");
  for (const line of [/preset: seizure_transformer/, /head_kernel: 5/, /stride: 2\n/, /tau_on: 0\.8/, /clip: 1000/])
    assert.match(config, line);
  const edf = join(dir, "a.edf");
  await writeFile(edf, encodeKind({ kind: "EDF" }));
  const [folder, alone] = [join(dir, "a.tsv"), join(dir, "b.tsv")];
  const low = ["--set", "postprocessing.hysteresis.tau_on=0.4", "--set", "postprocessing.hysteresis.tau_off=0.3"];
  const detected = ictal("detect", edf, folder, "--checkpoint", out, ...low);
  assert.equal(detected.status, 0, detected.stderr);
  const onnx = join(dir, "st.onnx");
  const exported = ictal("model", "export", "--checkpoint", out, "--out", onnx, "--samples", "1024", "--json");
  assert.equal(exported.status, 0, exported.stderr);
  const bare = join(dir, "bare.safetensors"); // weights that do not say of which model they are
  const { tensors, metadata } = await loadSafetensors(join(out, "model.safetensors"));
  await saveSafetensors(bare, tensors);
  const [first = ""] = Object.keys(tensors);
  const flipped = {
    ...tensors,
    [first]: { ...tensors[first]!, values: tensors[first]!.values.map((value) => -value) },
  };
  const other = { ...metadata, ictal: metadata.ictal!.replace('"sampleRateHz":256', '"sampleRateHz":200') };
  for (const [edited, texts] of [
    [flipped, metadata],
    [tensors, other],
  ] as const) {
    const path = join(dir, "edited.safetensors");
    await saveSafetensors(path, edited, texts);
    const message = /edited\.safetensors: its tensors or metadata are not those of its checksum/;
    await assert.rejects(loadWeights(path), { name: "FormatError", message });
  }
  const named = ictal("detect", edf, alone, "--checkpoint", bare, "--config", join(out, "config.yaml"), ...low);
  assert.equal(named.status, 0, named.stderr);
  assert.equal(await readFile(alone, "utf8"), await readFile(folder, "utf8"));
  await assert.rejects(loadWeights(bare), { message: /does not say which model .* import it: ictal model import/ });
  await assert.rejects(loadWeights(fixture("nested.pth")), {
    message: /import it first: ictal model import nested\.pth/,
  });
  await assert.rejects(loadWeights(onnx), { message: /import it first: ictal model import st\.onnx/ });
  const net = ictal("model", "import", onnx, "--out", join(dir, "again"), "--config", join(out, "config.yaml"));
  assert.equal(net.status, 0, net.stderr);
  const fresh = ictal("model", "import", onnx, "--out", join(dir, "fresh"), "--json");
  assert.equal(fresh.status, 0, fresh.stderr);
  const { answers, windowSamples, sampleRateHz, channels } = JSON.parse(fresh.stdout);
  assert.deepEqual(
    [answers, windowSamples, sampleRateHz, channels],
    ["probability", 1024, 256, report.origin.channels],
  );
  const wrong = ictal("model", "import", onnx, "--out", join(dir, "fresh"), "--output", "logit");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /--output logit contradicts .*st\.onnx: its metadata say output probability/);
  const again = ictal("detect", edf, alone, "--checkpoint", join(dir, "again"), ...low);
  assert.equal(again.status, 0, again.stderr);
  assert.equal(await readFile(alone, "utf8"), await readFile(folder, "utf8"), "its own export detects the same");
});

test("an ONNX network of PyTorch detects and predicts on the channels, rate and windows that it declares", async (context) => {
  const dir = await temporaryFolder(context);
  const out = join(dir, "net");
  const made = ictal("model", "import", fixture("samples.onnx"), "--out", out, "--json");
  assert.equal(made.status, 0, made.stderr);
  const { channels, windowSamples, outputStrideSamples, answers, batchSize } = JSON.parse(made.stdout);
  assert.deepEqual(
    [channels, windowSamples, outputStrideSamples, answers, batchSize],
    [["Cz", "Fp1", "O2"], 64, 1, "logit", null],
  );
  const edf = join(dir, "a.edf");
  await writeFile(edf, encodeKind({ kind: "EDF" }));
  const tsv = join(dir, "a.tsv");
  const detected = ictal("detect", edf, tsv, "--checkpoint", out, "--json");
  assert.equal(detected.status, 0, detected.stderr);
  assert.equal(JSON.parse(detected.stdout).durationSeconds, SECONDS);
  assert.match(await readFile(tsv, "utf8"), /^onset\tduration/);
  const damaged = join(out, "model.onnx");
  await copyFile(fixture("classes.onnx"), damaged);
  const refused = ictal("detect", edf, tsv, "--checkpoint", out);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /model\.onnx: its bytes are not those that were written/);
});
