import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { createDetector } from "../../src/model/detector.js";
import { initialValues } from "../../src/model/parameters.js";
import { decodeSafetensors, encodeSafetensors, loadSafetensors, saveSafetensors } from "../../src/model/safetensors.js";
import { detectorValues, storedTensors } from "../../src/model/weights.js";

const TENSORS = {
  "b.weight": { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
  a: { shape: [], values: Float32Array.of(7) },
  empty: { shape: [0, 4], values: new Float32Array() },
};

/** A file with this header and so many data bytes. */
function fileOf(header: unknown, dataBytes = 0, headerBytes?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, headerBytes ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

test("tensors and metadata come back as they were, and equal tensors give equal bytes", () => {
  const bytes = encodeSafetensors(TENSORS, { format: "pt" });
  const file = decodeSafetensors(bytes, "x");
  assert.deepEqual({ ...file.tensors }, TENSORS);
  assert.deepEqual(file.metadata, { format: "pt" });
  const turned = Object.fromEntries(Object.entries(TENSORS).reverse());
  assert.deepEqual(encodeSafetensors(turned, { format: "pt" }), bytes);
  assert.equal(new DataView(bytes.buffer).getBigUint64(0, true) % 8n, 0n);
});

test("a saved file is read back, a missing one is a NotFoundError", async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-safetensors-"));
  context.after(() => rm(dir, { recursive: true }));
  await saveSafetensors(join(dir, "w.safetensors"), TENSORS);
  assert.deepEqual({ ...(await loadSafetensors(join(dir, "w.safetensors"))).tensors }, TENSORS);
  await assert.rejects(loadSafetensors(join(dir, "none")), { name: "NotFoundError" });
  await writeFile(join(dir, "w.safetensors"), new Uint8Array(5));
  await assert.rejects(loadSafetensors(join(dir, "w.safetensors")), { name: "FormatError" });
});

test("headers that lie about their size, types, shapes or places are FormatErrors", () => {
  const tensor = (change: object) => fileOf({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...change } }, 8);
  const wrong: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /3 bytes, expected at least 8/],
    [fileOf("{}", 0, 2n ** 63n), /at most 100000000/],
    [fileOf("{}", 0, 90n), /header of 90 bytes in a file of 10/],
    [fileOf("{"), /not JSON/],
    [fileOf("[]"), /not a JSON object/],
    [fileOf(`"a"`), /not a JSON object/],
    [tensor({ dtype: "F99" }), /unknown type "F99"/],
    [tensor({ dtype: "constructor" }), /unknown type/],
    [tensor({ shape: [-2] }), /no valid shape/],
    [tensor({ shape: [2 ** 40, 2 ** 40] }), /too large/],
    [tensor({ shape: [2 ** 60] }), /no valid shape/],
    [tensor({ shape: [3] }), /needs 12 bytes/],
    [tensor({ data_offsets: [0, 80] }), /lies at 0..80 of 8/],
    [tensor({ data_offsets: [0, 80] }), /truncated/],
    [tensor({ data_offsets: [8, 0] }), /end comes before its start/],
    [tensor({ data_offsets: [0] }), /no valid data_offsets/],
    [fileOf({ a: null }), /unknown type/],
    [fileOf({ a: { dtype: "F32", shape: [1], data_offsets: [4, 8] } }, 8), /bytes 0..4 before tensor a belong to no/],
    [fileOf({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, 8), /end at 4 of 8/],
    [fileOf({ __metadata__: { a: 1 } }), /__metadata__/],
  ];
  for (const [bytes, message] of wrong) {
    assert.throws(() => decodeSafetensors(bytes, "x.safetensors"), { name: "FormatError", message });
  }
});

test("tensors that overlap are named, both of them", () => {
  const of = (start: number, end: number) => ({ dtype: "F32", shape: [(end - start) / 4], data_offsets: [start, end] });
  assert.throws(() => decodeSafetensors(fileOf({ a: of(0, 8), b: of(4, 12) }, 12), "x"), {
    name: "FormatError",
    message: /tensors a and b overlap: one ends at 8, the other starts at 4/,
  });
  assert.throws(() => decodeSafetensors(fileOf({ a: of(0, 8), b: of(0, 8) }, 8), "x"), /a and b overlap/);
  const beside = decodeSafetensors(fileOf({ a: of(0, 0), b: of(0, 4), c: of(4, 4) }, 4), "x");
  assert.deepEqual(Object.keys(beside.tensors), ["a", "b", "c"]);
});

test("a name that the header holds twice is refused, however it is written", () => {
  const entry = (start: number) => `{"dtype":"F32","shape":[1],"data_offsets":[${start},${start + 4}]}`;
  const twice = [
    `{"a":${entry(0)},"a":${entry(4)}}`,
    `{"a" : ${entry(0)}, "\\u0061": ${entry(4)}}`,
    `{"__metadata__":{},"__metadata__":{"x":"y"},"a":${entry(0)},"b":${entry(4)}}`,
  ];
  for (const header of twice)
    assert.throws(() => decodeSafetensors(fileOf(header, 8), "x"), {
      name: "FormatError",
      message: /names ".*" twice/,
    });
  const within = `{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}}`;
  assert.throws(() => decodeSafetensors(fileOf(within, 8), "x"), /names "shape" twice/);
  const once = `{"__metadata__":{"a":"\\"a\\":1","b":"{\\"a\\""},"a":${entry(0)}}`;
  assert.deepEqual(Object.keys(decodeSafetensors(fileOf(once, 4), "x").tensors), ["a"]);
});

test("a thousand damaged files are read or refused, never anything else", () => {
  const whole = encodeSafetensors(TENSORS, { format: "pt" });
  const random = createRandom(1, "damage");
  for (let i = 0; i < 1000; i++) {
    const bytes = whole.slice(
      0,
      random.integer(4 * i, 3) === 0 ? random.integer(4 * i + 1, whole.length) : whole.length,
    );
    if (bytes.length > 0) bytes[random.integer(4 * i + 2, bytes.length)] = random.integer(4 * i + 3, 256);
    try {
      decodeSafetensors(bytes, "x");
    } catch (error) {
      assert.equal((error as Error).name, "FormatError", String((error as Error).stack));
    }
  }
});

test("weights of another architecture are refused with the tensors that differ", () => {
  const small = createDetector({ name: "unet", channels: [4, 4], inputChannels: 2 });
  const large = createDetector({ name: "unet", channels: [4, 6], inputChannels: 2 });
  const specs = [...small.parameters, ...small.buffers];
  const values = initialValues(specs, 1);
  const file = decodeSafetensors(encodeSafetensors(storedTensors(specs, values)), "w");
  assert.deepEqual(detectorValues(small, file, "w"), values);
  assert.throws(() => detectorValues(large, file, "w"), {
    name: "CacheError",
    message: /downsample\.0\.conv\.weight: \[4,4,4\], expected \[6,4,4\]/,
  });
});

test("PyTorch's counters of batches are ignored, other extra tensors are named", () => {
  const detector = createDetector({ name: "unet", channels: [4, 4], inputChannels: 2 });
  const specs = [...detector.parameters, ...detector.buffers];
  const stored = storedTensors(specs, initialValues(specs, 1));
  const header: Record<string, unknown> = {
    "stem.bn.num_batches_tracked": { dtype: "I64", shape: [], data_offsets: [0, 8] },
  };
  assert.deepEqual(
    { ...decodeSafetensors(fileOf(header, 8), "w").otherTypes },
    { "stem.bn.num_batches_tracked": "I64" },
  );
  const withCounter = {
    ...decodeSafetensors(encodeSafetensors(stored), "w"),
    otherTypes: { "stem.bn.num_batches_tracked": "I64" },
  };
  assert.equal(Object.keys(detectorValues(detector, withCounter, "w")).length, specs.length);
  const extra = decodeSafetensors(encodeSafetensors({ ...stored, extra: TENSORS.a }), "w");
  assert.throws(() => detectorValues(detector, extra, "w"), /extra: not part of this model/);
  const whole = { ...withCounter, otherTypes: { ...withCounter.otherTypes, steps: "I64", "head.weight": "F16" } };
  assert.throws(() => detectorValues(detector, whole, "w"), /steps: I64, not part of this model/);
  const { "head.weight": _, ...rest } = whole.tensors;
  assert.throws(
    () => detectorValues(detector, { ...whole, tensors: rest }, "w"),
    /head\.weight: F16 where F32 is expected/,
  );
});
