import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openOnnxFile } from "../../src/tensor/onnx-file.js";
import {
  describeForeign,
  type ForeignDeclaration,
  readForeign,
  writeForeign,
} from "../../src/training/foreign-network.js";
import { answersToProbabilities, openForeign, rowsOf } from "../../src/training/open-foreign.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { noise } from "../model/imported-noise.js";

const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/model/${name}`, import.meta.url));
const expected = JSON.parse(readFileSync(fixture("imported.json"), "utf8")) as Record<
  "samples" | "classes",
  { answer: number[] }
>;
const x = Float32Array.from(noise("x", 2 * 3 * 64));
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

const declared = (change: Partial<ForeignDeclaration> = {}): ForeignDeclaration => ({
  ...{ name: "net", channels: ["CZ", "FP1", "O2"], sampleRateHz: 32, windowSamples: 64 },
  ...{ answers: "logit", seizureClass: null, cacheKey: "k", ...change },
});

async function opened(name: "samples" | "classes", change: Partial<ForeignDeclaration>) {
  const path = fixture(`${name}.onnx`);
  const bytes = await readFile(path);
  const network = await describeForeign(bytes, path, declared(change));
  return openForeign({ network, bytes, path }, { cached: ["FP1", "CZ", "O2"], executor: "onnx-cpu", batchSize: 2 });
}

const near = (found: ArrayLike<number>, wanted: readonly number[]) => {
  assert.equal(found.length, wanted.length);
  for (const [i, value] of wanted.entries())
    assert.ok(Math.abs(value - found[i]!) < 1e-5, `${i}: ${found[i]}, ${value}`);
};

test("an ONNX network of PyTorch answers as PyTorch does: logits per sample, or two classes per window", async () => {
  const samples = await opened("samples", {});
  assert.deepEqual([samples.outputStrideSamples, samples.batchSize, samples.channelRows], [1, 2, [1, 0, 2]]);
  near(await samples.run(x), expected.samples.answer.map(sigmoid));
  await samples.dispose();
  const classes = await opened("classes", { seizureClass: 1 });
  assert.equal(classes.outputStrideSamples, 32, "the window's value stands for each second of it");
  const [a = 0, b = 0, c = 0, d = 0] = expected.classes.answer;
  near(await classes.run(x), [sigmoid(b - a), sigmoid(b - a), sigmoid(d - c), sigmoid(d - c)]);
  await classes.dispose();
});

test("openOnnxFile tells inputs, outputs and the file's own metadata", async () => {
  const path = fixture("samples.onnx");
  const file = await openOnnxFile(await readFile(path), path);
  assert.deepEqual(file.inputs, [{ name: "eeg", type: "float32", shape: ["batch", 3, 64] }]);
  assert.deepEqual(file.metadata, {
    channels: "Cz,Fp1,O2",
    sample_rate_hz: "32",
    window_seconds: "2",
    output: "logit",
  });
  await file.dispose();
  await assert.rejects(openOnnxFile(Buffer.from("no network"), "a.onnx"), {
    name: "UnsupportedError",
    message: /a\.onnx cannot be opened by ONNX Runtime/,
  });
});

test("describeForeign says what does not fit the declaration", async () => {
  for (const [name, change, message] of [
    ["samples", { windowSamples: 128 }, /takes \[batch, 3, 64\]; \[batch, 3 channels, 128 samples\] were declared/],
    ["samples", { seizureClass: 1 }, /its output \[1, 1, 64\] has no class 1/],
    ["classes", { windowSamples: 63 }, /takes \[batch, 3, 64\]; .* 63 samples/],
  ] as const) {
    const path = fixture(`${name}.onnx`);
    const described = describeForeign(await readFile(path), path, declared(change));
    await assert.rejects(described, { name: "FormatError", message });
  }
  assert.throws(() => rowsOf(["Fz"], ["FP1", "CZ"]), { name: "ConfigError", message: /takes Fz, .* it has FP1 CZ/ });
  assert.deepEqual(rowsOf(["Fp1", "cz"], ["CZ", "FP1"]), [1, 0]);
});

test("answersToProbabilities takes the class of probabilities and of logits along the second axis", () => {
  const values = Float32Array.of(0.2, 0.4, 0.8, 0.6); // one window, two classes, two values
  const shape = [1, 2, 2];
  near(answersToProbabilities({ values, shape }, { answers: "probability", seizureClass: 1 }), [0.8, 0.6]);
  near(answersToProbabilities({ values, shape }, { answers: "logit", seizureClass: 0 }), [
    sigmoid(-0.6),
    sigmoid(-0.2),
  ]);
});

test("a folder whose network or declaration was edited is refused", async (context) => {
  const dir = await temporaryFolder(context);
  const path = fixture("samples.onnx");
  const bytes = await readFile(path);
  await writeForeign(dir, bytes, await describeForeign(bytes, path, declared()));
  assert.equal((await readForeign(dir)).network.input, "eeg");
  const about = join(dir, "network.json");
  const text = await readFile(about, "utf8");
  await writeFile(about, text.replace('"windowSamples":64', '"windowSamples":-1'));
  await assert.rejects(readForeign(dir), { name: "FormatError", message: /windowSamples: -1/ });
  for (const [edited, message] of [
    [
      text.replace('"answers":"logit"', '"answers":"probability"'),
      /network\.json: its content is not that of its checksum/,
    ],
    [text.replace(/"checksum":"\w+",/, ""), /invalid checksum: nothing/],
  ] as const) {
    assert.notEqual(edited, text);
    await writeFile(about, edited);
    await assert.rejects(readForeign(dir), { name: "FormatError", message });
  }
  await writeFile(about, text);
  await writeFile(join(dir, "model.onnx"), await readFile(fixture("classes.onnx")));
  await assert.rejects(readForeign(dir), { name: "FormatError", message: /its bytes are not those/ });
});
