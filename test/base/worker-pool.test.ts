import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { WorkerPool } from "../../src/base/worker-pool.js";
import type { BackMethods, PoolMethods } from "./pool-worker.js";

function poolOf(context: TestContext, threads: number, restarts = false): WorkerPool<PoolMethods> {
  const own: BackMethods = { plusOne: (value) => value + 1 };
  const module = new URL("./pool-worker.js", import.meta.url);
  const pool = new WorkerPool<PoolMethods>({ module, threads, restarts, name: "a test thread", data: "given", own });
  context.after(() => pool.close());
  return pool;
}

test("threads start at their first use, with the data given, and keep their place", async (context) => {
  const pool = poolOf(context, 2);
  assert.equal(pool.started().length, 0);
  const first = await pool.at(0).call("whoAmI", undefined);
  const second = await pool.at(1).call("whoAmI", undefined);
  assert.equal(first.data, "given");
  assert.notEqual(first.thread, second.thread);
  assert.deepEqual(await pool.at(2).call("whoAmI", undefined), first);
  assert.equal(pool.started().length, 2);
});

test("buffers are moved in both directions, and a thread can call back", async (context) => {
  const pool = poolOf(context, 1);
  const bytes = new Uint8Array([1, 2, 3]);
  assert.deepEqual(await pool.at(0).call("double", { bytes }, [bytes.buffer]), new Uint8Array([2, 4, 6]));
  assert.equal(bytes.byteLength, 0);
  assert.equal(await pool.at(0).call("askBack", 41), 42);
});

test("an error of a method rejects its call alone, with message and code", async (context) => {
  const pool = poolOf(context, 1);
  const refused = assert.rejects(pool.at(0).call("refuse", "no"), { message: "no", code: "EREFUSED" });
  assert.equal(await pool.at(0).call("askBack", 1), 2);
  await refused;
});

test("an argument that cannot be copied rejects and leaves the thread as it was", async (context) => {
  const pool = poolOf(context, 1);
  const argument = (() => 1) as unknown as undefined; // what no type would let through
  await assert.rejects(pool.at(0).call("whoAmI", argument), { name: "DataCloneError" });
  assert.equal(await pool.at(0).call("askBack", 1), 2);
});

test("a thread that ends rejects pending and later calls, and is replaced at its next use with `restarts`", async (context) => {
  const pool = poolOf(context, 1, true);
  const thread = pool.at(0);
  const { thread: before } = await thread.call("whoAmI", undefined);
  await assert.rejects(thread.call("exit", 3), {
    name: "ThreadEndedError",
    message: "a test thread ended with code 3",
  });
  await assert.rejects(thread.call("askBack", 1), { name: "ThreadEndedError" });
  assert.notEqual((await pool.at(0).call("whoAmI", undefined)).thread, before);
});

test("without `restarts` a thread that has ended stays so", async (context) => {
  const pool = poolOf(context, 1);
  await assert.rejects(pool.at(0).call("exit", 3), { name: "ThreadEndedError" });
  await assert.rejects(pool.at(0).call("askBack", 1), { message: "a test thread ended with code 3" });
  await assert.rejects(pool.leastLoaded().call("askBack", 1), { name: "ThreadEndedError" });
});

test("a crash rejects with its error as the cause", async (context) => {
  const crashed = poolOf(context, 1).at(0).call("crash", undefined);
  await assert.rejects(crashed, (error: Error) => {
    assert.equal(error.message, "a test thread ended: a bug");
    assert.equal((error.cause as Error).message, "a bug");
    return true;
  });
});

test("leastLoaded takes an idle thread, then a place without one, then the least load", async (context) => {
  const pool = poolOf(context, 2);
  const first = pool.leastLoaded();
  assert.equal(pool.leastLoaded(), first);
  first.load = 2;
  const second = pool.leastLoaded();
  assert.notEqual(second, first);
  second.load = 1;
  assert.equal(pool.leastLoaded(), second);
  first.load = 0;
  assert.equal(pool.leastLoaded(), first);
});

test("calls that wait reject when the pool is closed", async (context) => {
  const pool = poolOf(context, 1);
  const waiting = assert.rejects(pool.at(0).call("crash", undefined), { name: "ThreadEndedError" });
  await pool.close();
  await waiting;
});
