import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isHeldByOther, LOCK_FILE, lockRun } from "../../src/training/run-lock.js";
import { temporaryFolder } from "../cache/made-cache.js";

async function leave(dir: string, host: string, pid: number): Promise<string> {
  const path = join(dir, LOCK_FILE);
  await writeFile(path, JSON.stringify({ host, pid, since: "2026-01-01T00:00:00.000Z" }));
  return path;
}

test("a run's folder is held by one training; it is free again after release", async (context) => {
  const dir = join(await temporaryFolder(context), "run");
  const release = await lockRun(dir);
  assert.equal(JSON.parse(await readFile(join(dir, LOCK_FILE), "utf8")).pid, process.pid);
  await release();
  assert.deepEqual(await readdir(dir), []);
});

test("a living holder of this machine is waited for, then named", async (context) => {
  const dir = await temporaryFolder(context);
  await leave(dir, hostname(), process.ppid);
  const told: string[] = [];
  const options = { patienceMilliseconds: 600, onWait: (text: string) => void told.push(text) };
  const message = `another training is running in .*: process ${process.ppid} on .* since 2026-01-01T.*; wait for it, stop it, or choose another experiment\\.output_dir`;
  await assert.rejects(lockRun(dir, options), { name: "CacheError", message: new RegExp(message) });
  assert.equal(told.length, 1);
  assert.match(told[0]!, /is held by process \d+ on .*waiting/);
});

test("the lock of a process that has ended, of an earlier boot of this container, and a damaged one are taken over", async (context) => {
  const dir = await temporaryFolder(context);
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  for (const pid of [gone, process.pid]) {
    await leave(dir, hostname(), pid);
    await (await lockRun(dir))();
  }
  await writeFile(join(dir, LOCK_FILE), "");
  await (await lockRun(dir))();
});

test("isHeldByOther distinguishes another's training from one's own, a free folder and the lock of a killed one", async (context) => {
  const dir = await temporaryFolder(context);
  assert.equal(await isHeldByOther(dir, undefined), false);
  await leave(dir, hostname(), process.ppid);
  assert.equal(await isHeldByOther(dir, undefined), true);
  assert.equal(await isHeldByOther(dir, process.ppid), false);
  await leave(dir, hostname(), spawnSync(process.execPath, ["-e", ""]).pid);
  assert.equal(await isHeldByOther(dir, undefined), false);
  await leave(dir, "elsewhere", process.ppid);
  assert.equal(await isHeldByOther(dir, process.ppid), true);
});

test("another machine's lock counts while its heartbeat changes, and is taken over when it stops", async (context) => {
  const dir = await temporaryFolder(context);
  const path = await leave(dir, "elsewhere", 1);
  const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), 300);
  context.after(() => clearInterval(heartbeat));
  await assert.rejects(lockRun(dir, { staleMilliseconds: 5000 }), /another training is running in .* on elsewhere/);
  clearInterval(heartbeat);
  await sleep(350);
  await (await lockRun(dir, { staleMilliseconds: 1000 }))();
});

test("a wait for the folder ends with the signal", async (context) => {
  const dir = await temporaryFolder(context);
  await leave(dir, "elsewhere", 1);
  await assert.rejects(lockRun(dir, { signal: AbortSignal.timeout(700) }), { name: "AbortError" });
});
