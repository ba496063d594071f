import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { HANGS_MILLISECONDS } from "@ictal/jupyter/test/patience";
import { createRandom } from "../../src/base/random.js";
import { openNpz, writeNpz } from "../../src/dataset/npz/archive.js";
import { importNpz } from "../../src/dataset/npz/import-npz.js";
import { npyHeader, parseNpyHeader } from "../../src/dataset/npz/npy.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";

const dir = await mkdtemp(join(tmpdir(), "ictal-npz-damage-"));
after(() => rm(dir, { recursive: true, force: true }));

const WINDOW_SAMPLES = 64;
const windows = Float32Array.from(
  { length: 2 * ELECTRODES_19.length * WINDOW_SAMPLES },
  (_, i) => Math.sin(i / 7) + ((i * 2654435761) % 1000) / 1000,
);

async function soundArchive(level: number): Promise<Buffer> {
  const path = join(dir, `sound-${level}_windows.npz`);
  const labels = new Float32Array(2 * WINDOW_SAMPLES);
  await writeNpz(
    path,
    [
      { name: "windows", shape: [2, ELECTRODES_19.length, WINDOW_SAMPLES], chunks: [windows] },
      { name: "labels", shape: [2, WINDOW_SAMPLES], chunks: [labels] },
    ],
    { level },
  );
  return readFile(path);
}

/** "read" or the class of the error; "hangs" after ten seconds. */
async function outcomeOf(bytes: Uint8Array): Promise<string> {
  const path = join(dir, "damaged_windows.npz");
  await writeFile(path, bytes);
  const reading = (async () => {
    const file = await openNpz(path);
    try {
      for (const name of file.names) {
        const entry = await file.array(name);
        for await (const _ of entry?.chunks(1000) ?? []); // to its end, where the checksum is
      }
      return "read";
    } finally {
      await file.close();
    }
  })();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((done) => {
    timer = setTimeout(() => done("hangs"), HANGS_MILLISECONDS);
  });
  const ended = reading.catch((error: unknown) => (isIctalError(error) ? error.tag : String(error)));
  return Promise.race([ended, late]).finally(() => clearTimeout(timer));
}

/** Places of the signature in the bytes. */
function placesOf(bytes: Buffer, signature: readonly number[]): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(Buffer.from(signature)); at >= 0; at = bytes.indexOf(Buffer.from(signature), at + 1))
    places.push(at);
  return places;
}

test("one axis is the same in either order; two in Fortran order are refused", () => {
  const header = (shape: readonly number[]) =>
    Buffer.from(Buffer.from(npyHeader(shape)).toString("latin1").replace("False", "True "), "latin1");
  assert.deepEqual(parseNpyHeader(header([7]), "a.npz").shape, [7]);
  assert.throws(() => parseNpyHeader(header([7, 2]), "a.npz"), /^UnsupportedError: a\.npz: Fortran order/);
});

test("an archive that lost bytes at its end, in its middle or at its start is a FormatError, never waited for", async () => {
  for (const level of [0, 6]) {
    const sound = await soundArchive(level);
    assert.equal(await outcomeOf(sound), "read");
    const middle = sound.length >> 1;
    for (const lost of [1, 2, 21, 22, 23, 45, 46, 200, middle, sound.length - 3, sound.length]) {
      assert.equal(
        await outcomeOf(sound.subarray(0, sound.length - lost)),
        "FormatError",
        `level ${level}, end -${lost}`,
      );
      assert.equal(await outcomeOf(sound.subarray(lost)), "FormatError", `level ${level}, start -${lost}`);
    }
    const gap = Buffer.concat([sound.subarray(0, middle), sound.subarray(middle + 1)]);
    assert.equal(await outcomeOf(gap), "FormatError", `level ${level}, a byte of the middle`);
  }
});

test("offsets and lengths that lead out of the file are a FormatError, never waited for", async () => {
  const sound = await soundArchive(6);
  const fields: readonly (readonly [name: string, signature: readonly number[], offsets: readonly number[]])[] = [
    ["local header", [0x50, 0x4b, 3, 4], [26, 28]],
    ["central directory", [0x50, 0x4b, 1, 2], [20, 24, 28, 30, 32, 42]],
    ["end record", [0x50, 0x4b, 5, 6], [10, 12, 16]],
  ];
  for (const [name, signature, offsets] of fields)
    for (const place of placesOf(sound, signature))
      for (const offset of offsets)
        for (const value of [0xffff, sound.length & 0xffff, 0x7ff0]) {
          const damaged = Buffer.from(sound);
          damaged.writeUInt16LE(value, place + offset);
          const outcome = await outcomeOf(damaged);
          assert.match(outcome, /^(FormatError|read)$/, `${name} + ${offset} = ${value}`);
        }
});

test("random damage anywhere is a tagged error or leaves the numbers readable, in time", async () => {
  const random = createRandom(20, "npz-damage");
  for (const level of [0, 6]) {
    const sound = await soundArchive(level);
    for (let i = 0; i < 50; i++) {
      const damaged = Buffer.from(sound);
      const changes = 1 + Math.floor(random.uniform(4 * i) * 3);
      for (let k = 0; k < changes; k++) {
        const near = random.uniform(4 * i + 1 + k) < 0.5 ? sound.length - 400 : 0; // half of them in the directory
        const at = near + Math.floor(random.uniform(7919 * i + k) * (sound.length - near));
        damaged[at] = damaged[at]! ^ (1 << (i % 8));
      }
      assert.match(await outcomeOf(damaged), /^(FormatError|UnsupportedError|read)$/, `level ${level}, number ${i}`);
    }
  }
});

test("importNpz excludes a damaged archive and imports the sound ones beside it", async () => {
  const folder = join(dir, "import");
  await mkdir(folder);
  const sound = await soundArchive(6);
  await writeFile(join(folder, "sound_s001_t000_windows.npz"), sound);
  await writeFile(join(folder, "short_s001_t000_windows.npz"), sound.subarray(0, sound.length - 1));
  const central = placesOf(sound, [0x50, 0x4b, 1, 2])[0]!;
  const far = Buffer.from(sound);
  far.writeUInt32LE(0x7fffffff, central + 42);
  await writeFile(join(folder, "far_s001_t000_windows.npz"), far);
  const long = Buffer.from(sound);
  long.writeUInt32LE(0x7fffffff, central + 20);
  await writeFile(join(folder, "long_s001_t000_windows.npz"), long);
  const strideSeconds = WINDOW_SAMPLES / 256;
  const report = await importNpz({ dir: folder, cacheDir: join(dir, "cache"), strideSeconds });
  assert.equal(report.imported, 1);
  assert.deepEqual(
    report.excluded.map(({ id, code }) => [id.split("/")[1], code]),
    [
      ["far", "damaged"],
      ["long", "damaged"],
      ["short", "damaged"],
    ],
  );
});
