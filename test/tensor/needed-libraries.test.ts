import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { neededLibraries } from "../../src/tensor/needed-libraries.js";
import { packageDir } from "../../src/tensor/optional.js";

const skip =
  process.platform === "linux" && process.arch === "x64"
    ? false
    : "the runtime's library here is no ELF file for x86-64";

test("neededLibraries names what a shared library asks the loader for, and nothing for other files", {
  skip,
}, async (context) => {
  const dir = join(packageDir("onnxruntime-node")!, "bin/napi-v6/linux/x64");
  const binding = neededLibraries(join(dir, "onnxruntime_binding.node"));
  assert.ok(binding.includes("libonnxruntime.so.1"), binding.join());
  const runtime = neededLibraries(join(dir, "libonnxruntime.so.1"));
  for (const name of ["libstdc++.so.6", "libm.so.6", "libc.so.6"]) assert.ok(runtime.includes(name), runtime.join());

  const work = await mkdtemp(join(tmpdir(), "ictal-elf-"));
  context.after(() => rm(work, { recursive: true, force: true }));
  const other = join(work, "other");
  const whole = await readFile(join(dir, "onnxruntime_binding.node"));
  for (const bytes of [Buffer.alloc(0), Buffer.from("not a library"), whole.subarray(0, 64)]) {
    await writeFile(other, bytes);
    assert.deepEqual(neededLibraries(other), []);
  }
});
