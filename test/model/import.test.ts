/** Files of others; what they answer comes from PyTorch: test/reference/imported.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { createDetector, type ModelConfig } from "../../src/model/detector.js";
import { readTorchFile } from "../../src/model/import-torch.js";
import {
  type ImportedTensor,
  matchWeights,
  parseNameRule,
  readSafetensorsFile,
} from "../../src/model/import-weights.js";
import { readPickle } from "../../src/model/pickle.js";
import { openWeights } from "../../src/training/predict.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { sharedExecutor } from "../tensor/compare.js";
import { noise, noisyWeight } from "./imported-noise.js";

const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/model/${name}`, import.meta.url));

interface Answers {
  readonly length: number;
  readonly logits: number[];
}
const expected = JSON.parse(readFileSync(fixture("imported.json"), "utf8")) as {
  readonly published: Answers & { readonly every: number };
  readonly nested: Answers & { readonly config: object; readonly batch: number };
};

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

function assertNear(found: ArrayLike<number>, logits: readonly number[], every = 1): void {
  const worst = Math.max(...logits.map((logit, i) => Math.abs(sigmoid(logit) - found[i * every]!)));
  assert.ok(worst < 1e-4, `probabilities differ by ${worst}`);
}

const tensor = (shape: readonly number[], values: Float32Array): ImportedTensor => ({ shape, type: "F32", values });

/** The state_dict of keruiwu/SeizureTransformer by name and shape, with its template layer, its table of positions and counters. */
function publishedStateDict(): Map<string, ImportedTensor> {
  const { parameters, buffers } = createDetector({ name: "seizure_transformer" });
  const tensors = new Map(
    [...parameters, ...buffers].map((spec) => [spec.name, tensor(spec.shape, noisyWeight(spec))]),
  );
  for (const [name, value] of [...tensors]) {
    const [, rest] = /^transformer_encoder\.layers\.0\.(.*)$/.exec(name) ?? [];
    if (rest !== undefined) tensors.set(`transformer_encoder_layer.${rest}`, value);
    if (name.endsWith("running_var"))
      tensors.set(name.replace("running_var", "num_batches_tracked"), tensor([], new Float32Array(1)));
  }
  return tensors.set("position_encoding.pe", tensor([1, 6000, 512], new Float32Array(6000 * 512)));
}

test("the published names and shapes of SeizureTransformer are taken, and give PyTorch's answers", async () => {
  const tensors = publishedStateDict();
  assert.equal(tensors.get("transformer_encoder.layers.7.self_attn.in_proj_weight")?.shape.join(), "1536,512");
  const detector = createDetector({ name: "seizure_transformer" });
  const { values, report } = matchWeights(detector, { tensors }, "model.pth");
  assert.deepEqual([report.matched, report.unneeded.length, report.renamed.length], [202, 27, 0]);
  const executor = await sharedExecutor("onnx-cpu");
  const { length, logits, every } = expected.published;
  const network = await openWeights(executor, detector, values, { batchSize: 1, windowSamples: length });
  assertNear(await network.run(Float32Array.from(noise("x", 19 * length))), logits, every);
  await network.dispose();
});

test("readTorchFile(path) reads nests, views and all types of numbers, and the names' wrappers go", async () => {
  const found = await readTorchFile(fixture("nested.pth"));
  assert.equal(found.nest, "state_dict");
  const { config, batch, length, logits } = expected.nested;
  const detector = createDetector({ name: "seizure_transformer", ...config } as ModelConfig);
  const { values, report } = matchWeights(detector, found, "nested.pth");
  assert.deepEqual(Object.keys(report.converted).sort(), ["BF16", "F16", "F64"]);
  assert.deepEqual(report.renamed[0], ["module.encoder.convs.0.weight", "encoder.convs.0.weight"]);
  const network = await openWeights(await sharedExecutor("onnx-cpu"), detector, values, {
    ...{ batchSize: batch, windowSamples: length },
  });
  assertNear(await network.run(Float32Array.from(noise("x", batch * 19 * length))), logits);
  await network.dispose();
});

test("readTorchFile(path) refuses whole modules, the form before PyTorch 1.6 and other files, each by one sentence", async (context) => {
  const dir = await temporaryFolder(context);
  const text = join(dir, "text.pth");
  await writeFile(text, "no weights");
  for (const [path, name, message] of [
    [
      fixture("module.pth"),
      "UnsupportedError",
      /an object of torch\.nn\.modules\.linear\.Linear, .*torch\.save\(model\.state_dict\(\)/,
    ],
    [fixture("legacy.pth"), "UnsupportedError", /the form of PyTorch before 1\.6/],
    [text, "FormatError", /not a file of PyTorch/],
    [join(dir, "none.pth"), "NotFoundError", /no weights at/],
  ] as const)
    await assert.rejects(readTorchFile(path), { name, message });
});

/** A file of torch.save with this pickle and one storage of four bytes. */
async function torchFile(dir: string, pickle: string | Uint8Array, storage = new Uint8Array(4)): Promise<string> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { level: 0 });
  const bytes = typeof pickle === "string" ? Buffer.from(pickle, "latin1") : pickle;
  await zip.add("a/data.pkl", new Uint8ArrayReader(bytes));
  await zip.add("a/data/0", new Uint8ArrayReader(storage));
  const path = join(dir, "made.pth");
  await writeFile(path, await zip.close());
  return path;
}

/** A dict of the tensor w of `shape` and `strides` at `offset` of a storage of `elements` float32. */
const tensorPickle = (shape: string, strides: string, offset = "K\x00", elements = "K\x01") =>
  `\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu${elements}tQ${offset}(${shape}t(${strides}t\x89}tRs.`;

test("a pickle runs no code, and one that lies about its tensors is refused", async (context) => {
  const dir = await temporaryFolder(context);
  assert.deepEqual((await readTorchFile(await torchFile(dir, tensorPickle("K\x01", "K\x01")))).tensors.get("w"), {
    ...{ shape: [1], type: "F32", values: new Float32Array(1) },
  });
  for (const [pickle, message] of [
    ["\x80\x02cos\nsystem\nX\x02\0\0\0idq\0\x85R.", /an object of os\.system,/],
    ["\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.", /an object of os\.system,/],
    ["(i__builtin__\nexec\n.", /an object of __builtin__\.exec,/],
    ["ctorch\nload\n(tR.", /an object of torch\.load,/],
    ["\x80\x02ccollections\nOrderedDict\n)\x81.", /an object of collections\.OrderedDict,/],
    [tensorPickle("K\x02", "K\x01"), /w of shape \[2\] reaches beyond the 1 numbers/],
    [tensorPickle("K\x01", "K\x01", "K\x05"), /w of shape \[1\] reaches beyond/],
    [tensorPickle("K\x02", "K\x01", "K\0", "K\x02"), /storage 0 has 4 bytes; its 2 numbers of F32 need 8/],
    [tensorPickle("K\x01K\x01", "K\x01"), /a tensor of shape \[1,1\] with strides \[1\]/],
    ["\x80\x02}.", /holds an empty dict and no tensors by name/],
    ["\x80\x02K\x01", /not a sound pickle/],
    ["\x80\x02u.", /not a sound pickle: a list is taken without its mark/],
    ["\x80\x02h\x07.", /value 7 is recalled before it was stored/],
  ] as const)
    await assert.rejects(readTorchFile(await torchFile(dir, pickle)), { message }, String(message));
});

test("readPickle(bytes) gives plain values of every protocol", () => {
  const world = { global: () => undefined, persistent: () => undefined };
  const read = (text: string) => readPickle(Buffer.from(text, "latin1"), "a.pkl", world);
  assert.deepEqual(read("\x80\x02(K\x01M\x00\x01J\xff\xff\xff\xff\x8a\x01\xfeG?\xf8\0\0\0\0\0\0N\x88\x89t."), [
    ...[1, 256, -1, -2, 1.5, null, true, false],
  ]);
  assert.deepEqual(
    read("\x80\x04\x95\x09\0\0\0\0\0\0\0}\x94\x8c\x01a\x94]\x94(K\x01K\x02es."),
    new Map([["a", [1, 2]]]),
  );
  assert.equal(read("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), 0x1950a86a20f9469cfc6cn);
});

test("matchWeights says what is missing, misshapen or unknown, and maps the starts of names", async (context) => {
  const dir = await temporaryFolder(context);
  const config = { name: "unet", inputChannels: 2, channels: [4, 4], downsampleFactor: 4 } as ModelConfig;
  const detector = createDetector(config);
  const specs = [...detector.parameters, ...detector.buffers];
  const tensors = new Map(specs.map((spec) => [spec.name, tensor(spec.shape, noisyWeight(spec))]));
  const [first = "", second = ""] = tensors.keys();
  const changed = new Map(tensors).set("extra.weight", tensor([1], new Float32Array(1)));
  changed.delete(first);
  changed.set(second, tensor([7], new Float32Array(7)));
  assert.throws(() => matchWeights(detector, { tensors: changed }, "a.pth"), {
    name: "ConfigError",
    message:
      /a\.pth does not fit unet: \d+ of its \d+ tensors match; 1 missing: .*; 1 of another shape: .* \[7\], expected .*; 1 that it does not have: extra\.weight/,
  });
  const renamed = new Map([...tensors].map(([name, value]) => [`old_${name}`, value]));
  const { report } = matchWeights(detector, { tensors: renamed }, "a.pth", [parseNameRule("old_=")]);
  assert.equal(report.renamed.length, specs.length);
  assert.throws(() => parseNameRule("old"), { name: "ConfigError", message: /expected OLD=NEW/ });
  const bad = new Map(tensors).set(
    first,
    tensor(
      tensors.get(first)!.shape,
      tensors.get(first)!.values.map(() => Number.NaN),
    ),
  );
  assert.throws(() => matchWeights(detector, { tensors: bad }, "a.pth"), {
    name: "FormatError",
    message: /expected finite numbers/,
  });
  await assert.rejects(readSafetensorsFile(join(dir, "none.safetensors")), { name: "NotFoundError" });
});
