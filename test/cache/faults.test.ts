import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createRandom, type Random } from "../../src/base/random.js";
import { buildCache } from "../../src/cache/build.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { verifyCache } from "../../src/cache/verify.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { folderStore } from "../../src/store/folder-store.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { s3Store } from "../../src/store/s3-store.js";
import { startS3Server } from "../../src/store/server/s3-server.js";
import type { Store } from "../../src/store/store.js";
import { makeCache, seizure, temporaryFolder } from "./made-cache.js";
import { hashTree, type MadeFile, makeObjects, writeObjects } from "./made-corpus.js";

const CHILD = fileURLToPath(new URL("./build-child.js", import.meta.url));
const FILES: readonly MadeFile[] = Array.from({ length: 6 }, (_, n) => ({
  patient: `aaaaaaa${"abcdef"[n]}`,
  seconds: 15 + 7 * n,
  events: n % 2 === 0 ? [[1, 5, "seiz"] as const] : [],
}));
const OBJECTS = makeObjects(FILES);

function startBuild(corpus: string, cacheDir: string, delay: number, workers = 2): ChildProcess {
  const words = [CHILD, corpus, cacheDir, String(delay), String(workers)];
  return spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
}

async function buildWhole(store: Store, cacheDir: string, workers = 0) {
  const catalogue = await readCatalogue(store);
  const report = await buildCache({ store, catalogue, cacheDir, workers });
  await writeManifest(cacheDir, { key: report.key, catalogue });
  return report;
}

async function corpusOnDisk(context: TestContext): Promise<string> {
  const corpus = await temporaryFolder(context);
  await writeObjects(corpus, OBJECTS);
  return corpus;
}

test("a build killed by SIGKILL in the middle, then run again, gives the same bytes as an undisturbed one", async (context) => {
  const corpus = await corpusOnDisk(context);
  const whole = await temporaryFolder(context);
  await buildWhole(folderStore(corpus), whole);
  const wanted = await hashTree(whole);
  for (const finishedBefore of [1, 3]) {
    const dir = await temporaryFolder(context);
    const child = startBuild(corpus, dir, 60);
    child.stdout!.on("data", (text: Buffer) => {
      if (
        text
          .toString()
          .split("\n")
          .some((line) => Number(line) >= finishedBefore)
      )
        child.kill("SIGKILL");
    });
    const [, signal] = await once(child, "exit");
    assert.equal(signal, "SIGKILL", "the build was killed before it ended");
    assert.notDeepEqual(await hashTree(dir), wanted);
    assert.deepEqual((await verifyCache(dir)).bad, [], "what has a sidecar is whole");
    const report = await buildWhole(folderStore(corpus), dir);
    assert.ok(report.reused >= finishedBefore, `${report.reused} reused`);
    assert.deepEqual(await hashTree(dir), wanted);
  }
});

test("after 50 kills at random moments one clean build gives the bytes of an undisturbed one", async (context) => {
  const files = Array.from({ length: 24 }, (_, n) => ({
    patient: `aaaaab${String.fromCharCode(97 + Math.floor(n / 5), 97 + (n % 5))}`,
    seconds: 4 + (n % 3) * 9,
    events: [[1, 3, "seiz"] as const],
  }));
  const corpus = await temporaryFolder(context);
  await writeObjects(corpus, makeObjects(files));
  const [whole, dir] = [await temporaryFolder(context), await temporaryFolder(context)];
  const { key } = await buildWhole(folderStore(corpus), whole);
  const wanted = await hashTree(whole);
  const random = createRandom(7, "kills");
  let [kills, children] = [0, 0];
  while (kills < 50) {
    const child = startBuild(corpus, dir, 3, children % 3); // in the main thread, in a worker, in two
    const exit = once(child, "exit");
    await Promise.race([once(child.stdout!, "data"), exit]);
    const timer = setTimeout(() => child.kill("SIGKILL"), 300 * random.uniform(children++));
    const [, signal] = await exit;
    clearTimeout(timer);
    if (signal === "SIGKILL") kills += 1;
    else await removeSome(join(dir, key), random.stream(`remove ${children}`));
  }
  assert.deepEqual((await verifyCache(dir)).bad, [], "what has a sidecar is whole");
  await buildWhole(folderStore(corpus), dir);
  assert.deepEqual(await hashTree(dir), wanted);
});

/** Give a finished cache work again: half of its sidecars and the manifest vanish. */
async function removeSome(folder: string, random: Random): Promise<void> {
  const sidecars = (await readdir(folder, { recursive: true })).filter((name) => /t000\.json$/.test(name));
  for (const [n, name] of sidecars.sort().entries()) if (random.uniform(n) < 0.5) await rm(join(folder, name));
  await rm(join(folder, "manifest.json"), { force: true });
}

test("shards that two machines built apart are one cache once copied together, by ictal manifest alone", async (context) => {
  const store = folderStore(await corpusOnDisk(context));
  const catalogue = await readCatalogue(store);
  const [whole, one, other] = [
    await temporaryFolder(context),
    await temporaryFolder(context),
    await temporaryFolder(context),
  ];
  await buildWhole(store, whole);
  for (const [index, cacheDir] of [one, other].entries())
    await buildCache({ store, catalogue, cacheDir, workers: 0, shard: { index, count: 2 } });
  await assert.rejects(writeManifest(one, { catalogue }), /3 of 6 recordings are not in the cache/);
  await cp(other, one, { recursive: true });
  await writeManifest(one, { catalogue });
  assert.deepEqual(await hashTree(one), await hashTree(whole));
});

test("a clock that jumps by days either way while two builders work harms neither", async (context) => {
  const corpus = await corpusOnDisk(context);
  const [whole, dir] = [await temporaryFolder(context), await temporaryFolder(context)];
  await buildWhole(folderStore(corpus), whole);
  const jump = (days: number) =>
    `data:text/javascript,${encodeURIComponent(`const { now } = Date, from = now(); Date.now = () => now() + (now() - from > 150 ? ${days * 864e5} : 0);`)}`;
  const children = [40, -40, 40].map((days) =>
    spawn(process.execPath, ["--import", jump(days), CHILD, corpus, dir, "8"], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  for (const [code] of await Promise.all(children.map((child) => once(child, "exit")))) assert.equal(code, 0);
  assert.deepEqual(await hashTree(dir), await hashTree(whole));
});

test("two builders on one folder at the same time do not harm each other", async (context) => {
  const corpus = await corpusOnDisk(context);
  const [whole, dir] = [await temporaryFolder(context), await temporaryFolder(context)];
  await buildWhole(folderStore(corpus), whole);
  const exits = [startBuild(corpus, dir, 5), startBuild(corpus, dir, 6)].map((child) => once(child, "exit"));
  for (const [code] of await Promise.all(exits)) assert.equal(code, 0);
  assert.deepEqual(await hashTree(dir), await hashTree(whole));
});

/** A tmpfs of `size` at a new folder, unmounted with the test; undefined where mounting is not allowed. */
async function smallDisk(context: TestContext, size: string): Promise<string | undefined> {
  const path = await mkdtemp(join(tmpdir(), "ictal-disk-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]).status === 0;
  context.after(async () => {
    if (isMounted) spawnSync("umount", [path]);
    await rmdir(path);
  });
  return isMounted ? path : undefined;
}

test("a full disk is one clear CacheError, what is there is whole, and a build after making room continues", async (context) => {
  const disk = await smallDisk(context, "900k");
  if (!disk) return context.skip("mounting a tmpfs needs root");
  const store = memoryStore(OBJECTS);
  const failing = (workers: number) =>
    assert.rejects(buildWhole(store, disk, workers), {
      tag: "CacheError",
      message: /no space left on the disk; free some or choose another cache folder \(ENOSPC\)/,
    });
  await failing(0);
  await failing(1);
  const report = await verifyCache(disk);
  assert.deepEqual(report.bad, []);
  assert.ok(report.recordings >= 1 && report.recordings < FILES.length, `${report.recordings} recordings`);
  const [key] = await readdir(disk);
  assert.deepEqual(await readdir(join(disk, key!, ".tmp")), []);
  assert.equal(spawnSync("mount", ["-o", "remount,size=8m", disk]).status, 0);
  const whole = await temporaryFolder(context);
  await buildWhole(store, whole);
  assert.equal((await buildWhole(store, disk)).reused, report.recordings);
  assert.deepEqual(await hashTree(disk), await hashTree(whole));
});

test("a read-only disk is one clear CacheError that says so", async (context) => {
  const disk = await smallDisk(context, "8m");
  if (!disk) return context.skip("mounting a tmpfs needs root");
  assert.equal(spawnSync("mount", ["-o", "remount,ro", disk]).status, 0);
  await assert.rejects(buildWhole(memoryStore(OBJECTS), disk), {
    tag: "CacheError",
    message: /the file system is read-only; choose another cache folder \(EROFS\)/,
  });
});

test("a build from an S3 bucket stores the same samples as one from a folder, and reuses them", async (context) => {
  const corpus = await corpusOnDisk(context);
  const server = await startS3Server({ root: corpus, bucket: "eeg" });
  context.after(() => server.close());
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const store = s3Store({
    bucket: "eeg",
    prefix: "",
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey },
  });
  const [fromBucket, fromFolder] = [await temporaryFolder(context), await temporaryFolder(context)];
  const report = await buildWhole(store, fromBucket, 2);
  assert.deepEqual([report.built, report.excluded], [FILES.length, []]);
  await buildWhole(folderStore(corpus), fromFolder);
  const samples = async (dir: string) => Object.entries(await hashTree(dir)).filter(([path]) => path.endsWith(".i16"));
  assert.deepEqual(await samples(fromBucket), await samples(fromFolder));
  assert.equal((await buildWhole(store, fromBucket, 1)).reused, FILES.length);
});

/** A python3 that has numpy: ICTAL_PYTHON, or the one on the path. */
function pythonWithNumpy(): string | undefined {
  const candidates = [process.env.ICTAL_PYTHON, "python3"].filter((name) => name !== undefined);
  return candidates.find((name) => spawnSync(name, ["-c", "import numpy"]).status === 0);
}

test("numpy maps a recording's file as [frame, channel, sample] and sees the same numbers", async (context) => {
  const python = pythonWithNumpy();
  if (!python) return context.skip("no python3 with numpy (set ICTAL_PYTHON to one)");
  const dir = await temporaryFolder(context);
  const id = "train/a/s/m/a_t000";
  const { folder, sidecars, signals } = await makeCache(dir, [{ id, sampleCount: 6000, seizures: [seizure(1, 2)] }]);
  const { mean, std } = sidecars[0]!;
  const code = `
import sys, json, numpy
stored = numpy.memmap(sys.argv[1], dtype="<i2", mode="r").reshape(-1, 3, 2560)
signal = stored.transpose(1, 0, 2).reshape(3, -1)[:, :6000] * (10 / 32767)
print(json.dumps([stored.shape, signal[:, ::500].tolist()]))`;
  const { stdout } = spawnSync(python, ["-c", code, join(folder.path, `${id}.i16`)], { encoding: "utf8" });
  const [shape, values] = JSON.parse(stdout) as [number[], number[][]];
  assert.deepEqual(shape, [3, 3, 2560]);
  for (const [channel, row] of values.entries())
    for (const [i, value] of row.entries()) {
      const z = (signals[0]![channel]![i * 500]! - mean[channel]!) / std[channel]!;
      assert.ok(Math.abs(value - z) <= 5 / 32767 + 1e-6);
    }
});
