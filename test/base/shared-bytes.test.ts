import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { machineFault } from "@ictal/base/machine-fault";
import {
  isShared,
  requireShared,
  type SharedBytes,
  sharedBytes,
  transferableCopy,
} from "../../src/base/shared-bytes.js";
import type { ByteSource } from "../../src/recording/byte-source.js";
import { canFill } from "../../src/recording/edf-records.js";

test("memory that another thread fills is typed: unshared bytes do not compile, and are refused at run time", async () => {
  const filled: SharedBytes[] = [];
  const fill = async (out: SharedBytes) => filled.push(out);
  const shared = sharedBytes(8);
  await fill(shared);
  await fill(shared.subarray(2, 4)); // a part of shared memory is shared
  // @ts-expect-error a copy of it would be filled
  await fill(new Uint8Array(8));
  // @ts-expect-error a source that takes shared memory only does not pass for one that takes any
  const readInto: ByteSource["readInto"] = fill;
  assert.ok(readInto !== undefined && filled.length === 3);
  assert.equal(requireShared(shared), shared);
  assert.deepEqual([isShared(shared), isShared(new Uint8Array(8)), isShared(Buffer.alloc(8))], [true, false, false]);
  assert.throws(() => requireShared(new Uint8Array(8)), { name: "RangeError", message: /not shared memory/ });
});

test("transferable bytes are a copy with a buffer of their own", () => {
  const kept = new Uint8Array([1, 2, 3, 4]);
  for (const bytes of [kept, kept.subarray(1, 3), Buffer.from([7, 8]), sharedBytes(4)]) {
    const given = transferableCopy(bytes);
    assert.deepEqual([...given], [...bytes]);
    assert.ok(given.buffer !== bytes.buffer && given.buffer.byteLength === given.byteLength);
    structuredClone(given, { transfer: [given.buffer] });
    assert.equal(given.byteLength, 0);
  }
  assert.deepEqual([...kept], [1, 2, 3, 4]);
});

test("a source of another thread fills shared buffers only, any other fills all", () => {
  const base = { name: "x", byteLength: 1, read: async () => new Uint8Array(1) };
  const [shared, own] = [
    [sharedBytes(1), sharedBytes(1)],
    [new Uint8Array(1), sharedBytes(1)],
  ];
  const remote: ByteSource = { ...base, readIntoShared: async () => 1 };
  const local: ByteSource = { ...base, readInto: async () => 1 };
  assert.deepEqual([canFill(remote, shared), canFill(remote, own), canFill(local, own)], [true, false, true]);
  assert.deepEqual([canFill(base, shared), canFill(local, [])], [false, false]);
});

test("what a machine is short of is told from what is wrong with a file", () => {
  const coded = (code: string, message = "x") => Object.assign(new Error(message), { code });
  const wasm = new RangeError("WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance");
  for (const [error, advice] of [
    [coded("EMFILE"), /ulimit -n/],
    [coded("ENFILE"), /ulimit -n/],
    [new Error("EMFILE: too many open files, open 'x.js'"), /ulimit -n/],
    [coded("ENOMEM"), /memory ran out/],
    [wasm, /memory ran out.*WebAssembly\.Instance/],
    [new RangeError("Array buffer allocation failed"), /memory ran out/],
    [coded("ERR_WORKER_OUT_OF_MEMORY"), /memory ran out/],
    [coded("ERR_WORKER_INIT_FAILED"), /threads/],
    [new Error("reading failed", { cause: coded("EMFILE") }), /ulimit -n/],
    [coded("ERR_MODULE_NOT_FOUND", `Cannot find module '${process.execPath}' imported from x.js`), /ulimit -n/],
    [coded("ERR_MODULE_NOT_FOUND", `Cannot find package '${resolve("node_modules/yaml/x.js")}' imported`), /ulimit -n/],
  ] as const)
    assert.match(machineFault(error) ?? "nothing", advice);
  class FileFault extends Error {
    override readonly name = "FileFault";
  }
  for (const error of [
    new FileFault('label "out of memory" is unknown'),
    coded("ENOSPC"),
    coded("ENOENT"),
    coded("ERR_MODULE_NOT_FOUND", "Cannot find package 'nowhere' imported from x.js"),
    coded("ERR_MODULE_NOT_FOUND", "Cannot find module '/nowhere/x.js' imported from y.js"),
    new RangeError("Invalid typed array length: -1"),
    "text",
    undefined,
  ])
    assert.equal(machineFault(error), undefined);
});
