import assert from "node:assert/strict";
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { hostname } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { holdLock } from "@ictal/base/lock";
import { createLocker, isAlive, readHolder, startOf } from "@ictal/base/lock-file";
import { patience } from "@ictal/jupyter/test/patience";
import { projectDir } from "../../src/base/project.js";
import { temporaryFolder } from "../cache/made-cache.js";
import type { Round } from "./lock-child.js";

const ROUNDS = 15;
const STARTERS = 3;
const GONE = spawnSync(process.execPath, ["-e", ""]).pid;

/** Takes the lock at once, or says who holds it. */
function takeNow(path: string, options?: Parameters<typeof createLocker>[1]) {
  return createLocker(path, options).take();
}

async function leave(path: string, holder: object): Promise<void> {
  const text = JSON.stringify({ host: hostname(), pid: GONE, since: "2026-01-01T00:00:00.000Z", ...holder });
  await writeFile(`${path}.whole`, text);
  await rename(`${path}.whole`, path);
}

test("of three starters that find a dead process's lock one holds it, for runs, the kernel's builds and the compile step", async (context) => {
  const dir = await temporaryFolder(context);
  const starters = Array.from({ length: STARTERS }, () => fork(new URL("lock-child.js", import.meta.url)));
  await Promise.all(starters.map((starter) => once(starter, "message")));
  const kinds = ["run", "build", "compile"] as const;
  const begin = Date.now() + 300;
  const rounds: Round[] = [];
  for (let i = 0; i < ROUNDS * kinds.length; i++) {
    const kind = kinds[i % kinds.length]!;
    const folder = join(dir, String(i));
    const path = kind === "run" ? join(folder, "run.lock") : join(folder, "dist", ".build.lock");
    await mkdir(join(folder, "dist"), { recursive: true });
    if (i % 2 === 0 || kind === "run") await leave(path, {});
    else await writeFile(path, String(GONE)); // as the first version wrote it
    rounds.push({ kind, dir: folder, atMilliseconds: begin + 90 * i });
  }
  const play = async (starter: ChildProcess): Promise<(boolean | null)[]> => {
    const answer = once(starter, "message");
    starter.send(rounds);
    return (await answer)[0];
  };
  const results = await Promise.all(starters.map(play));
  for (const [i, { kind, dir: folder }] of rounds.entries()) {
    const found = results.map((result) => result[i]);
    assert.ok(!found.includes(false), `round ${i} (${kind}): two inside`);
    assert.ok(found.includes(true), `round ${i} (${kind}): nobody inside`);
    const left = await readdir(kind === "run" ? folder : join(folder, "dist"));
    assert.deepEqual(
      left.filter((name) => name.includes("lock")),
      [],
    );
  }
});

/** Takes the stale lock at argv[1]; is killed before its argv[2]th call that changes the file system. */
const KILLED = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
let calls = 0;
for (const name of ["linkSync", "openSync", "renameSync", "rmSync", "writeFileSync"]) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (String(args[0]).startsWith(process.argv[1]) && ++calls === Number(process.argv[2])) process.kill(process.pid, "SIGKILL");
    if (name === "linkSync" && process.argv[3] === "no-links") throw Object.assign(new Error("no links"), { code: "EPERM" });
    return real(...args);
  };
}
syncBuiltinESMExports();
const { createLocker } = await import(${JSON.stringify(`${projectDir}/kernels/base/src/lock-file.mjs`)});
createLocker(process.argv[1]).take();
console.log("done");
`;

test("a starter killed at any step of a take-over leaves a lock that the next one takes, and no litter", async (context) => {
  const dir = await temporaryFolder(context);
  for (const links of ["links", "no-links"]) {
    const path = join(dir, links);
    await leave(path, {});
    let steps = 0;
    for (let call = 1; ; call++) {
      // What the killed before it have left is there still: locks of take-overs of take-overs.
      const { stdout, signal } = spawnSync(process.execPath, [
        "--input-type=module",
        "-e",
        KILLED,
        path,
        String(call),
        links,
      ]);
      if (signal === "SIGKILL") {
        steps += 1;
        if (steps % 4 !== 0) continue;
      } else assert.match(String(stdout), /done/);
      const locker = createLocker(path, { brokenMilliseconds: 200 });
      let { lock } = locker.take();
      if (!lock) {
        await sleep(250); // a text cut short is given some time
        lock = locker.take().lock;
      }
      assert.ok(lock, `killed before call ${call}`);
      lock.release();
      await leave(path, {});
      if (signal !== "SIGKILL") break;
    }
    assert.ok(steps >= 8, String(steps));
    takeNow(path).lock!.release();
    assert.deepEqual(
      (await readdir(dir)).filter((name) => name !== links),
      [],
    );
  }
});

test("a process that has another's id is not taken for it, nor one that has ended for a living one", async (context) => {
  const path = join(await temporaryFolder(context), "lock");
  await leave(path, { pid: process.ppid, started: startOf(process.ppid) });
  assert.equal(takeNow(path).lock, undefined);
  await leave(path, { pid: process.ppid, started: "12" });
  takeNow(path).lock!.release();
  if (process.platform !== "linux") return; // elsewhere nothing tells a zombie
  const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 20"], { stdio: ["ignore", "pipe", "inherit"] });
  const zombie = Number(String((await once(parent.stdout, "data"))[0]));
  for (let i = 0; i < 100 && isAlive(zombie); i++) await sleep(20);
  process.kill(zombie, 0); // the system still knows it
  await leave(path, { pid: zombie });
  assert.ok(takeNow(path).lock);
  parent.kill();
});

test("this process's own lock is held, by whichever part of it", async (context) => {
  const path = join(await temporaryFolder(context), "lock");
  const { lock } = takeNow(path);
  assert.equal(takeNow(path).lock, undefined);
  lock!.release();
  assert.ok(takeNow(path).lock);
});

test("who cannot be seen from here holds the lock until it has stood still: another machine, boot or container", async (context) => {
  const dir = await temporaryFolder(context);
  takeNow(join(dir, "own"));
  const { boot, namespace } = JSON.parse(await readFile(join(dir, "own"), "utf8")) as Record<string, string>;
  const strangers = {
    host: { host: "elsewhere" },
    boot: { boot: "x", namespace },
    container: { boot, namespace: "x" },
  };
  for (const [name, stranger] of Object.entries(strangers)) {
    const path = join(dir, name);
    await leave(path, stranger);
    const part = patience(50);
    const locker = createLocker(path, { staleMilliseconds: 3 * part });
    assert.equal(locker.take().lock, undefined, name);
    await sleep(2 * part);
    const beat = new Date();
    fs.utimesSync(path, beat, beat);
    const second = locker.take();
    assert.ok(!second.lock && second.holder.hasHeartbeat, name);
    await sleep(2 * part);
    assert.equal(locker.take().lock, undefined, name);
    await sleep(2 * part);
    assert.ok(locker.take().lock, name);
  }
});

test("a file that is no lock is given a moment, whatever it holds", async (context) => {
  const dir = await temporaryFolder(context);
  const texts = ["", "\0\0\0", "{", "null", "[]", '"x"', "{}", '{"host":"h"}', "-5", "1e3"];
  texts.push(...[0, -1, 1.5, "7", null].map((pid) => JSON.stringify({ host: hostname(), pid })));
  const lockers = texts.map((text, i) => {
    const path = join(dir, String(i));
    fs.writeFileSync(path, text);
    const locker = createLocker(path, { brokenMilliseconds: 100 });
    assert.equal(locker.take().lock, undefined, text);
    return locker;
  });
  await sleep(150);
  for (const [i, locker] of lockers.entries()) assert.ok(locker.take().lock, texts[i]);
});

test("a lock is taken and taken over where the file system has no links", async (context) => {
  const path = join(await temporaryFolder(context), "lock");
  const none = mock.method(fs, "linkSync", () => {
    throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
  });
  syncBuiltinESMExports();
  context.after(() => {
    none.mock.restore();
    syncBuiltinESMExports();
  });
  await leave(path, {});
  const { lock } = takeNow(path);
  assert.equal(takeNow(path).lock, undefined);
  lock!.release();
  assert.equal(readHolder(path), undefined);
});

test("a starter that was slow to take over what a faster one has taken meanwhile leaves it alone", async (context) => {
  const path = join(await temporaryFolder(context), "lock");
  const link = fs.linkSync;
  let fast: ReturnType<typeof takeNow> | undefined;
  const slow = mock.method(fs, "linkSync", (from: string, to: string) => {
    if (to !== path && !fast) {
      fast = { holder: readHolder(path)! } as never; // so that the faster one goes through
      fast = takeNow(path);
    }
    link(from, to);
  });
  syncBuiltinESMExports();
  context.after(() => {
    slow.mock.restore();
    syncBuiltinESMExports();
  });
  await leave(path, {});
  const late = takeNow(path);
  assert.ok(fast?.lock);
  assert.equal(late.lock, undefined);
  assert.ok(fast.lock.isOurs());
});

test("a holder that was taken for left behind is told, and does not remove the other's lock", async (context) => {
  const path = join(await temporaryFolder(context), "lock");
  const lost: string[] = [];
  const refusal = () => new Error("held");
  const release = await holdLock(path, { refusal, onLost: (who) => lost.push(who), heartbeatMilliseconds: 10 });
  const { modified } = readHolder(path)!;
  for (let i = 0; i < 200 && readHolder(path)!.modified === modified; i++) await sleep(20);
  assert.ok(readHolder(path)!.modified > modified);
  assert.deepEqual(lost, []);
  await leave(path, { host: "elsewhere", pid: 5 });
  for (let i = 0; i < 200 && lost.length === 0; i++) await sleep(20);
  await sleep(50);
  assert.deepEqual(lost, ["process 5 on elsewhere since 2026-01-01T00:00:00.000Z"]);
  release();
  assert.equal(readHolder(path)?.host, "elsewhere");
});

test("a folder that cannot be written to is said in words", async (context) => {
  const dir = await temporaryFolder(context);
  const refused = mock.method(fs, "writeFileSync", () => {
    throw Object.assign(new Error("EROFS: read-only file system"), { code: "EROFS" });
  });
  syncBuiltinESMExports();
  const restore = () => {
    refused.mock.restore();
    syncBuiltinESMExports();
  };
  context.after(restore);
  const options = { refusal: () => new Error("held") };
  await assert.rejects(holdLock(join(dir, "lock"), options), {
    name: "StoreError",
    message: /cannot write .*read-only/,
  });
  restore();
  await mkdir(join(dir, "folder"));
  await assert.rejects(holdLock(join(dir, "folder"), options), /cannot write .*it is a folder/);
});
