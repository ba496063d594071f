import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isIctalError } from "@ictal/base/errors";
import type { ProgressUpdate } from "@ictal/base/progress";
import { patience } from "@ictal/jupyter/test/patience";
import { folderStore } from "../../src/store/folder-store.js";
import { memoryStore } from "../../src/store/memory-store.js";
import type { MirrorEntry } from "../../src/store/mirror-index.js";
import { pullObjects } from "../../src/store/pull.js";
import { patternBytes, withBucket } from "./s3-fixture.js";

const folders: string[] = [];
const mounts: string[] = [];
after(async () => {
  for (const mount of mounts) execFileSync("umount", [mount]);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-pull-"));
  folders.push(dir);
  return dir;
}

const MB = 1_000_000;
const corpus: Record<string, Uint8Array | string> = {
  "edf/dev/p1/s1/01_tcp_ar/p1_s1_t000.edf": patternBytes(3 * MB, 1),
  "edf/dev/p1/s1/01_tcp_ar/p1_s1_t000.csv_bi": "version = csv_v1.0.0\n",
  "edf/dev/p2/s1/01_tcp_ar/p2_s1_t000.edf": patternBytes(2 * MB + 1, 2),
  "edf/dev/p2/s1/01_tcp_ar/p2_s1_t000.csv": "version = csv_v1.0.0\n",
  "edf/dev/p2/s1/01_tcp_ar/p2_s1_t000.csv_bi": "version = csv_v1.0.0\n\n",
  "edf/train/p3/s1/01_tcp_ar/p3_s1_t000.edf": patternBytes(1000, 3),
  "edf/train/p3/s1/01_tcp_ar/p3_s1_t000.csv_bi": "",
  "DOCS/readme.txt": "text",
  "edf/marker/": "",
};
const files = Object.keys(corpus).filter((key) => !key.endsWith("/"));

async function checkCopies(
  dir: string,
  keys: readonly string[],
  objects: Record<string, Uint8Array | string> = corpus,
) {
  for (const key of keys) assert.deepEqual(await readFile(join(dir, key)), Buffer.from(objects[key]!), key);
}

async function indexOf(dir: string): Promise<MirrorEntry[]> {
  const text = await readFile(join(dir, ".ictal-mirror", "index.jsonl"), "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as MirrorEntry);
}

async function filesBelow(dir: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of folderStore(dir).list()) found.push(key);
  return found;
}

/** A store of another address than `memoryStore`'s. */
function folderStoreOf(objects: Record<string, string>, name: string) {
  return { ...memoryStore(objects), url: `file://${name}` };
}

const codeIs = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(isIctalError(error, "StoreError"), String(error));
  assert.equal(error.details.code, code);
  assert.match(error.message, pattern);
  return true;
};

describe("pull(store, dir)", () => {
  it("copies every object, records size, etag and SHA-256, and skips all of it the next time", () =>
    withBucket(corpus, {}, async ({ store, requests }) => {
      const dir = await newFolder();
      const updates: ProgressUpdate[] = [];
      const progress = { update: (update: ProgressUpdate) => void updates.push(update), finish() {} };
      const first = await pullObjects(store, dir, { progress });
      await checkCopies(dir, files);
      const bytes = files.reduce((sum, key) => sum + Buffer.from(corpus[key]!).byteLength, 0);
      const none = { refused: [], failed: [], unmatched: [], gone: [], deleted: [], kept: [] };
      const expected = { objects: 8, downloaded: 8, skipped: 0, bytes, ...none };
      assert.deepEqual({ ...first, seconds: undefined }, { ...expected, seconds: undefined });
      assert.equal(updates.at(-1)!.unit, "MB");
      assert.ok(Math.abs(updates.at(-1)!.done - bytes / 1e6) < 1e-9);
      for (const { key, size, etag, sha256 } of await indexOf(dir)) {
        const content = Buffer.from(corpus[key]!);
        assert.equal(size, content.byteLength);
        assert.equal(sha256, createHash("sha256").update(content).digest("hex"));
        assert.equal(etag, createHash("md5").update(content).digest("hex"));
      }
      const gets = requests.filter(({ operation }) => operation === "get").length;
      const second = await pullObjects(store, dir);
      assert.deepEqual([second.downloaded, second.skipped, second.bytes], [0, 8, 0]);
      assert.equal(requests.filter(({ operation }) => operation === "get").length, gets);
      assert.deepEqual(await readdir(join(dir, ".ictal-mirror", "parts")), []);
    }));

  it("hashes once more what came in the last minutes before the machine went down", async () => {
    const names = ["early", "late", "lost"];
    const store = memoryStore(Object.fromEntries(names.map((name, i) => [name, patternBytes(2 * MB, i)])));
    const dir = await newFolder();
    await pullObjects(store, dir);
    const path = join(dir, ".ictal-mirror", "index.jsonl");
    const beforeStart = Date.now() - uptime() * 1000 - 1000;
    const stored: Record<string, number> = {
      early: beforeStart - 600_000,
      late: beforeStart,
      lost: beforeStart - 5000,
    };
    const times = (key: string) => ({ storedMilliseconds: stored[key]!, modifiedMilliseconds: 1e12 });
    const entries = (await indexOf(dir)).map((entry) => ({ ...entry, ...times(entry.key) }));
    await writeFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    for (const name of ["early", "lost"]) await writeFile(join(dir, name), new Uint8Array(2 * MB)); // bytes never written
    for (const name of names) await utimes(join(dir, name), 1e9, 1e9);
    const { downloaded, skipped } = await pullObjects(store, dir);
    assert.deepEqual([downloaded, skipped], [1, 2], "the early one had time to reach the disk and is trusted");
    assert.deepEqual(await readFile(join(dir, "lost")), Buffer.from(patternBytes(2 * MB, 2)));
    for (const { key, storedMilliseconds = 0 } of await indexOf(dir))
      assert.equal(storedMilliseconds > beforeStart, key !== "early", key);
  });

  it("works from any store", async () => {
    const dir = await newFolder();
    const copy = await newFolder();
    await pullObjects(memoryStore(corpus), dir);
    const report = await pullObjects(folderStore(dir), copy);
    assert.equal(report.downloaded, 8);
    await checkCopies(copy, files);
  });

  it("lets each download listen to its signal, without Node's warning of a leak", async () => {
    const store = memoryStore(Object.fromEntries(files.map((key) => [key, "x"])));
    const waiting: (() => void)[] = [];
    const read: typeof store.read = async (key, options) => {
      options?.signal?.addEventListener("abort", () => undefined);
      await new Promise<void>((done) => {
        waiting.push(done);
        if (waiting.length === files.length) for (const go of waiting) go();
      });
      return store.read(key, options);
    };
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on("warning", note);
    try {
      await pullObjects({ ...store, read }, await newFolder(), {
        concurrency: files.length,
        signal: new AbortController().signal,
      });
      await new Promise(setImmediate); // warnings come in a turn of their own
    } finally {
      process.off("warning", note);
    }
    assert.deepEqual(warnings, []);
  });

  it("takes extensions, splits, patients, a prefix and a number of recordings with their siblings", async () => {
    const store = memoryStore(corpus);
    const taken = async (options: Parameters<typeof pullObjects>[2]) => {
      const dir = await newFolder();
      const { unmatched } = await pullObjects(store, dir, options);
      return { keys: await filesBelow(dir), unmatched };
    };
    const ending = (...ends: string[]) => files.filter((key) => ends.some((end) => key.endsWith(end))).sort();
    assert.deepEqual((await taken({ only: ["csv_bi"] })).keys, ending(".csv_bi"));
    assert.deepEqual((await taken({ only: [".EDF", "csv"] })).keys, ending(".edf", ".csv"));
    assert.deepEqual((await taken({ splits: ["train"] })).keys, files.filter((key) => key.includes("/train/")).sort());
    assert.deepEqual((await taken({ prefix: "DOCS/" })).keys, ["DOCS/readme.txt"]);
    const patients = await taken({ patients: ["p2", "p9"] });
    assert.deepEqual(patients.keys, files.filter((key) => key.includes("/p2/")).sort());
    assert.deepEqual(patients.unmatched, ["p9"]);
    assert.deepEqual((await taken({ limit: 1 })).keys, files.filter((key) => key.includes("/p1/")).sort());
    assert.deepEqual(
      (await taken({ limit: 2, only: ["csv_bi"] })).keys,
      ending("p1_s1_t000.csv_bi", "p2_s1_t000.csv_bi"),
    );
  });

  it("says so when nothing is there or nothing is taken", async () => {
    const dir = await newFolder();
    const isNotFound = (pattern: RegExp) => (error: unknown) =>
      isIctalError(error, "NotFoundError") && pattern.test(error.message);
    await assert.rejects(pullObjects(memoryStore({}), dir), isNotFound(/no objects in memory:memory/));
    await assert.rejects(
      pullObjects(memoryStore(corpus), dir, { splits: ["deev"] }),
      isNotFound(/none of the 9 objects.*deev/),
    );
    await assert.rejects(pullObjects(memoryStore(corpus), dir, { concurrency: 0 }), /invalid concurrency: 0/);
    await assert.rejects(pullObjects(memoryStore(corpus), dir, { limit: 0.5 }), /invalid limit: 0.5/);
  });

  it("fetches an object again when its version changed, and when the local file was changed or lost", async () => {
    const dir = await newFolder();
    const objects: Record<string, string> = { "a.txt": "one", "b.txt": "two", "c.txt": "three", "d.txt": "four" };
    await pullObjects(memoryStore(objects), dir);
    objects["a.txt"] = "ONE";
    await writeFile(join(dir, "b.txt"), "TWO");
    await rm(join(dir, "c.txt"));
    await utimes(join(dir, "d.txt"), 1, 1); // touched only: hashed again, not fetched
    const report = await pullObjects(memoryStore(objects), dir);
    assert.deepEqual([report.downloaded, report.skipped], [3, 1]);
    await checkCopies(dir, Object.keys(objects), objects);
    const index = await indexOf(dir);
    assert.equal(index.length, 4, "compacted at the end");
  });

  it("takes over files that another program fetched, by their MD5", async () => {
    const dir = await newFolder();
    await writeFile(join(dir, "a.txt"), "one");
    await writeFile(join(dir, "b.txt"), "xyz");
    const report = await pullObjects(memoryStore({ "a.txt": "one", "b.txt": "two" }), dir);
    assert.deepEqual([report.downloaded, report.skipped], [1, 1]);
    assert.equal(await readFile(join(dir, "b.txt"), "utf8"), "two");
  });

  it("passes over index lines that a crash cut short", async () => {
    const dir = await newFolder();
    await pullObjects(memoryStore(corpus), dir);
    const path = join(dir, ".ictal-mirror", "index.jsonl");
    const text = await readFile(path, "utf8");
    await writeFile(path, `${text.slice(0, -30)}`);
    const store = memoryStore({ ...corpus, "zz.txt": "new" });
    const report = await pullObjects(store, dir);
    assert.deepEqual([report.downloaded, report.skipped], [1, 8]);
    assert.equal((await indexOf(dir)).length, 9);
  });
});

describe("pull: keys that cannot be files below the folder", () => {
  it("are refused and listed, and nothing leaves the folder", async () => {
    const outer = await newFolder();
    const dir = join(outer, "inner");
    const elsewhere = await newFolder();
    await mkdir(dir);
    await symlink(elsewhere, join(dir, "link"));
    await symlink(join(elsewhere, "target.txt"), join(dir, "file-link.txt"));
    await mkdir(join(dir, "folder.txt"));
    await writeFile(join(dir, "plain"), "in the way");
    const bad: Record<string, RegExp> = {
      "../escape.txt": /"\.\."/,
      "a/../../escape.txt": /"\.\."/,
      "/absolute.txt": /absolute/,
      "nul\0.txt": /NUL/,
      "back\\..\\..\\slash.txt": /backslash/,
      "C:/windows.txt": /drive/,
      "a//b.txt": /empty/,
      "./dot.txt": /"\."/,
      ".ictal-mirror/index.jsonl": /reserved for the mirror/,
      "link/through.txt": /through the symbolic link/,
      "file-link.txt": /through the symbolic link/,
      "folder.txt": /is a folder/,
      "plain/below.txt": /is a file/,
      "good.txt/below.txt": /is a file/,
      [`${"x".repeat(300)}.txt`]: /longer than 255/,
    };
    const objects = { ...Object.fromEntries(Object.keys(bad).map((key) => [key, "bad"])), "good.txt": "good" };
    const report = await pullObjects(memoryStore(objects), dir);
    assert.equal(report.downloaded, 1);
    assert.deepEqual(report.failed, []);
    const reasons = new Map(report.refused.map(({ key, reason }) => [key, reason]));
    assert.deepEqual([...reasons.keys()].sort(), Object.keys(bad).sort());
    for (const [key, pattern] of Object.entries(bad)) assert.match(reasons.get(key)!, pattern, key);
    assert.deepEqual(await readdir(outer), ["inner"]);
    assert.deepEqual(await readdir(elsewhere), []);
    assert.deepEqual((await readdir(dir)).sort(), [
      ".ictal-mirror",
      "file-link.txt",
      "folder.txt",
      "good.txt",
      "link",
      "plain",
    ]);
  });

  it("are refused when a case-blind disk would take two for one", async () => {
    const dir = await newFolder();
    const objects = { "P/a.txt": "1", "p/A.txt": "2", "p/b.txt": "3" };
    const report = await pullObjects(memoryStore(objects), dir, { caseInsensitive: true });
    assert.deepEqual(report.refused, [
      {
        key: "p/A.txt",
        reason: 'is the same file as "P/a.txt" on this file system, which is case-insensitive',
      },
    ]);
    assert.equal(report.downloaded, 2);
    assert.equal((await pullObjects(memoryStore(objects), await newFolder())).refused.length, 0);
  });
});

describe("pull: faults", () => {
  const big = patternBytes(4 * MB, 9);
  const key = "big.edf";

  it("resets, stalls, short bodies and busy answers cost time, not objects", () =>
    withBucket(
      corpus,
      {
        client: { stallMilliseconds: patience(400) },
        faults: [
          { kind: "reset", afterBytes: 1_500_000, key: files[0]! },
          { kind: "stall", afterBytes: 1_200_000, key: files[2]! },
          { kind: "short-body", afterBytes: 500, key: files[5]! },
          { kind: "slow-down", times: 3, key: files[1]! },
          { kind: "internal-error", operation: "list" },
        ],
      },
      async ({ store }) => {
        const dir = await newFolder();
        const report = await pullObjects(store, dir);
        assert.deepEqual([report.downloaded, report.failed], [8, []]);
        await checkCopies(dir, files);
      },
    ));

  it("an object that came wrong is begun again", () =>
    withBucket(
      { [key]: big },
      { faults: [{ kind: "corrupt", afterBytes: 2_000_000 }, { kind: "wrong-checksum" }] },
      async ({ store, requests }) => {
        const dir = await newFolder();
        assert.equal((await pullObjects(store, dir)).downloaded, 1);
        await checkCopies(dir, [key], { [key]: big });
        assert.equal(requests.filter(({ operation }) => operation === "get").length, 3);
      },
    ));

  it("an object that always comes wrong is listed as failed and not kept", () =>
    withBucket(
      { [key]: big, "a.txt": "good" },
      { faults: [{ kind: "corrupt", afterBytes: 2_000_000, times: 99, key }] },
      async ({ store }) => {
        const dir = await newFolder();
        const report = await pullObjects(store, dir);
        assert.equal(report.downloaded, 1);
        assert.equal(report.failed.length, 1);
        assert.match(report.failed[0]!.reason, /big\.edf.*(crc32|md5).*expected/);
        assert.deepEqual(await filesBelow(dir), ["a.txt"]);
        assert.deepEqual(await readdir(join(dir, ".ictal-mirror", "parts")), []);
      },
    ));

  it("an object that changes on the way is begun again in its present version", async () => {
    const objects: Record<string, Uint8Array> = { [key]: big };
    const next = patternBytes(3 * MB, 10);
    let served = 0;
    const onRequest = ({ operation }: { operation: string }) => {
      served += operation === "get" ? 1 : 0;
      if (served === 1) objects[key] = next;
    };
    await withBucket(
      {},
      { store: memoryStore(objects), onRequest, faults: [{ kind: "reset", afterBytes: 2_000_000 }] },
      async ({ store }) => {
        const dir = await newFolder();
        assert.equal((await pullObjects(store, dir)).downloaded, 1);
        await checkCopies(dir, [key], { [key]: next });
      },
    );
  });

  it("an abort in the middle keeps the part, and the next pull asks only for the rest", () =>
    withBucket({ [key]: big }, { faults: [{ kind: "stall", afterBytes: 3_000_000 }] }, async ({ store, requests }) => {
      const dir = await newFolder();
      const controller = new AbortController();
      const progress = { update: ({ done }: ProgressUpdate) => void (done >= 2.5 && controller.abort()), finish() {} };
      await assert.rejects(pullObjects(store, dir, { signal: controller.signal, progress }), { name: "AbortError" });
      assert.deepEqual(await filesBelow(dir), []);
      const report = await pullObjects(store, dir);
      assert.equal(report.downloaded, 1);
      await checkCopies(dir, [key], { [key]: big });
      const { range } = requests.filter(({ operation }) => operation === "get").at(-1)!;
      assert.ok(Number(/^bytes=(\d+)-/.exec(range ?? "")?.[1]) >= 2_400_000, `resumed at ${range}`);
    }));

  it("an edited note of a part excuses no damage, and one that is not ours costs the part alone", async () => {
    for (const edit of [
      (facts: object) => ({ ...facts, digests: [] }),
      (facts: object) => ({ ...facts, digests: "none" }),
      (facts: object) => ({ ...facts, digests: [{ name: "md5", hex: "00" }] }),
      () => null,
    ])
      await withBucket({ [key]: big }, { faults: [{ kind: "stall", afterBytes: 3_000_000 }] }, async ({ store }) => {
        const dir = await newFolder();
        const controller = new AbortController();
        const progress = {
          update: ({ done }: ProgressUpdate) => void (done >= 2.5 && controller.abort()),
          finish() {},
        };
        await assert.rejects(pullObjects(store, dir, { signal: controller.signal, progress }), { name: "AbortError" });
        const parts = join(dir, ".ictal-mirror", "parts");
        for (const name of await readdir(parts)) {
          const path = join(parts, name);
          const bytes = await readFile(path);
          if (name.endsWith(".json")) await writeFile(path, JSON.stringify(edit(JSON.parse(bytes.toString()))));
          else await writeFile(path, bytes.fill(bytes[1000]! ^ 1, 1000, 1001));
        }
        assert.deepEqual((await pullObjects(store, dir)).failed, []);
        await checkCopies(dir, [key], { [key]: big });
      });
  });

  it("wrong credentials and an unreachable endpoint end it at once", () =>
    withBucket(corpus, {}, async ({ connect }) => {
      const credentials = { accessKeyId: "ictal", secretAccessKey: "wrong" };
      await assert.rejects(
        pullObjects(connect({ credentials }), await newFolder()),
        codeIs("SignatureDoesNotMatch", /secret/),
      );
      await assert.rejects(
        pullObjects(connect({ endpoint: "http://127.0.0.1:9" }), await newFolder()),
        codeIs("Unreachable", /127/),
      );
      await assert.rejects(pullObjects(connect({ bucket: "nothing" }), await newFolder()), (error) =>
        isIctalError(error, "NotFoundError"),
      );
    }));

  it("one denied object fails alone", () =>
    withBucket(corpus, { faults: [{ kind: "access-denied", key: files[0]!, times: 9 }] }, async ({ store }) => {
      const report = await pullObjects(store, await newFolder());
      assert.equal(report.downloaded, 7);
      assert.deepEqual(
        report.failed.map((item) => item.key),
        [files[0]],
      );
    }));
});

describe("pull: kill -9 in the middle", () => {
  it("loses nothing that was complete and takes up what was not", async () => {
    const objects: Record<string, Uint8Array> = {};
    for (let i = 0; i < 6; i++) objects[`r${i}.edf`] = patternBytes(3 * MB, 20 + i);
    const slow = ["r4.edf", "r5.edf"];
    const faults = slow.map((name) => ({ kind: "stall" as const, key: name, afterBytes: 2_200_000 }));
    await withBucket(objects, { faults }, async ({ server, store, requests }) => {
      const dir = await newFolder();
      const href = (path: string) => JSON.stringify(new URL(`../../src/store/${path}`, import.meta.url).href);
      const script = `
        const { s3Store } = await import(${href("s3-store.js")});
        const { pullObjects } = await import(${href("pull.js")});
        const store = s3Store({ bucket: "corpus", endpoint: process.env.ENDPOINT });
        const progress = { update: ({ done }) => process.stdout.write(done + "\\n"), finish() {} };
        await pullObjects(store, ${JSON.stringify(dir)}, { progress });`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        env: {
          PATH: process.env.PATH,
          ENDPOINT: server.endpoint,
          AWS_ACCESS_KEY_ID: server.accessKeyId,
          AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
        },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const closed = new Promise<void>((done) => child.once("close", () => done()));
      let text = "";
      await new Promise<void>((done) => {
        child.stdout.on("data", (data) => {
          text += data;
          if (Number(text.trimEnd().split("\n").at(-1)) >= 16) done(); // 4 whole, 2 stalled at 2.2 MB
        });
        closed.then(done);
      });
      while (child.exitCode === null && (await filesBelow(dir)).length < 4) await sleep(50);
      await sleep(300); // their lines of the index are written
      child.kill("SIGKILL");
      await closed;
      assert.deepEqual(await filesBelow(dir), ["r0.edf", "r1.edf", "r2.edf", "r3.edf"]);
      const before = requests.length;
      const report = await pullObjects(store, dir);
      assert.deepEqual([report.downloaded, report.skipped, report.failed], [2, 4, []]);
      await checkCopies(dir, Object.keys(objects), objects);
      const gets = requests.slice(before).filter(({ operation }) => operation === "get");
      assert.deepEqual(gets.map((request) => request.key).sort(), slow);
      for (const { range } of gets)
        assert.ok(Number(/^bytes=(\d+)-/.exec(range ?? "")?.[1]) >= 1_000_000, `asked ${range}`);
      assert.deepEqual(await readdir(join(dir, ".ictal-mirror", "parts")), []);
    });
  });

  it("begins again when the object has another version by then", async () => {
    const objects: Record<string, Uint8Array> = { "r.edf": patternBytes(3 * MB, 30) };
    const dir = await newFolder();
    await withBucket(
      {},
      { store: memoryStore(objects), faults: [{ kind: "stall", afterBytes: 2_500_000 }] },
      async ({ store }) => {
        const controller = new AbortController();
        const progress = { update: ({ done }: ProgressUpdate) => void (done >= 2 && controller.abort()), finish() {} };
        await assert.rejects(pullObjects(store, dir, { signal: controller.signal, progress }));
        assert.equal((await readdir(join(dir, ".ictal-mirror", "parts"))).length, 2);
        objects["r.edf"] = patternBytes(3 * MB, 31);
        assert.equal((await pullObjects(store, dir)).downloaded, 1);
        await checkCopies(dir, ["r.edf"], objects);
        assert.deepEqual(await readdir(join(dir, ".ictal-mirror", "parts")), []);
      },
    );
  });
});

describe("pull: a full disk", () => {
  it("is one clear error, and what is whole stays, what is not is not trusted", async (context) => {
    const dir = await newFolder();
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", dir], { stdio: "ignore" });
    } catch {
      context.skip("mounting a small tmpfs needs root; run the tests as root to include a full disk");
      return;
    }
    mounts.push(dir);
    const objects = {
      "a.edf": patternBytes(2 * MB, 40),
      "b.edf": patternBytes(2 * MB, 41),
      "c.edf": patternBytes(4 * MB, 42),
      "d.csv": "d".repeat(900_000),
    };
    const store = memoryStore(objects);
    await assert.rejects(pullObjects(store, dir), codeIs("DiskFull", /has \d+\.\d MB free, expected at least 8\.9 MB/));
    await assert.rejects(
      pullObjects(store, dir, { checkSpace: false, concurrency: 1 }),
      codeIs("DiskFull", /the disk is full.*free some space/),
    );
    await checkCopies(dir, ["a.edf", "b.edf"], objects);
    assert.deepEqual(await filesBelow(dir), ["a.edf", "b.edf"]);
    execFileSync("mount", ["-o", "remount,size=40m", dir]);
    const report = await pullObjects(store, dir);
    assert.deepEqual([report.downloaded, report.skipped], [2, 2]);
    await checkCopies(dir, Object.keys(objects), objects);
    assert.equal((await stat(join(dir, "c.edf"))).size, 4 * MB);
    execFileSync("mount", ["-o", "remount,ro", dir]);
    for (const below of [dir, join(dir, "elsewhere")])
      await assert.rejects(pullObjects(store, below), codeIs("NotWritable", /cannot write to .*choose a folder/));
  });
});

describe("pull: objects that the store no longer has", () => {
  const two = { "edf/dev/p1/a.edf": "a", "edf/train/p2/b.edf": "b", "DOCS/c.txt": "c" };
  const missing = async (dir: string, key: string) =>
    stat(join(dir, key)).then(
      () => false,
      () => true,
    );

  it("are told, and deleted only when asked, with the folders they leave empty", async () => {
    const dir = await newFolder();
    await pullObjects(memoryStore(two), dir);
    const fewer = memoryStore({ "edf/dev/p1/a.edf": "a" });
    const told = await pullObjects(fewer, dir);
    assert.deepEqual([told.gone, told.deleted], [["DOCS/c.txt", "edf/train/p2/b.edf"], []]);
    await checkCopies(dir, Object.keys(two), two);
    const edfOnly = await pullObjects(fewer, dir, { deleteRemoved: true, only: ["edf"] });
    assert.deepEqual(edfOnly.deleted, ["edf/train/p2/b.edf"]);
    assert.ok(await missing(dir, "edf/train"));
    assert.deepEqual((await pullObjects(fewer, dir, { deleteRemoved: true })).deleted, ["DOCS/c.txt"]);
    assert.deepEqual(await filesBelow(dir), ["edf/dev/p1/a.edf"]);
    assert.deepEqual(
      (await indexOf(dir)).map(({ key }) => key),
      ["edf/dev/p1/a.edf"],
    );
    assert.deepEqual((await pullObjects(fewer, dir)).gone, []);
  });

  it("stay when they were changed here, came from elsewhere, or lie outside the prefix", async () => {
    const dir = await newFolder();
    await pullObjects(memoryStore(two), dir);
    await pullObjects(folderStoreOf({ "edf/eval/x.edf": "x" }, await newFolder()), dir);
    await writeFile(join(dir, "mine.txt"), "mine");
    await writeFile(join(dir, "DOCS/c.txt"), "notes");
    const fewer = memoryStore({ "edf/dev/p1/a.edf": "a" });
    const inDev = await pullObjects(fewer, dir, { deleteRemoved: true, prefix: "edf/dev" });
    assert.deepEqual(inDev.gone, []);
    const all = await pullObjects(fewer, dir, { deleteRemoved: true });
    assert.deepEqual([all.deleted, all.kept.map(({ key }) => key)], [["edf/train/p2/b.edf"], ["DOCS/c.txt"]]);
    assert.deepEqual(await filesBelow(dir), ["DOCS/c.txt", "edf/dev/p1/a.edf", "edf/eval/x.edf", "mine.txt"]);
  });

  it("are never deleted by a pull that takes only some objects, or finds none", async () => {
    const dir = await newFolder();
    await pullObjects(memoryStore(two), dir);
    await assert.rejects(
      pullObjects(memoryStore(two), dir, { deleteRemoved: true, limit: 1 }),
      /invalid deleteRemoved/,
    );
    await assert.rejects(pullObjects(memoryStore({}), dir, { deleteRemoved: true }), { tag: "NotFoundError" });
    await checkCopies(dir, Object.keys(two), two);
  });
});
