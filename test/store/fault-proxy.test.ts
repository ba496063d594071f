/** Whatever a connection does to the bytes, a pull and a direct build end with the bucket's bytes or a named failure. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isIctalError } from "@ictal/base/errors";
import { HANGS_MILLISECONDS, patience } from "@ictal/jupyter/test/patience";
import { buildCache } from "../../src/cache/build.js";
import { openCache } from "../../src/cache/open.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { openObject } from "../../src/store/open-object.js";
import { pullObjects } from "../../src/store/pull.js";
import { pipeBody } from "../../src/store/s3-agent.js";
import { s3Store } from "../../src/store/s3-store.js";
import { type S3Server, startS3Server } from "../../src/store/server/s3-server.js";
import type { Store } from "../../src/store/store.js";
import { idOf, makeObjects } from "../cache/made-corpus.js";
import { PROXY_MODES, type ProxyMode, startFaultProxy } from "./fault-proxy.js";
import { withOwnServer } from "./own-s3.js";
import { patternBytes, withBucket } from "./s3-fixture.js";

const FILES = ["aaaaaaaa", "aaaaaaab", "aaaaaaac", "aaaaaaad"].map((patient, i) => ({
  patient,
  seconds: 12 + 9 * i,
  events: [[2, 5, "seiz"]] as const,
}));
const objects: Record<string, Buffer> = Object.fromEntries(
  Object.entries({ ...makeObjects(FILES), "other/large.bin": patternBytes(1_500_000) }).map(([key, value]) => [
    key,
    Buffer.from(value),
  ]),
);

let server: S3Server;
let root: string;
let sound: Map<string, string>;

before(async () => {
  root = await mkdtemp(join(tmpdir(), "ictal-proxy-"));
  server = await startS3Server({ store: memoryStore(objects), bucket: "corpus" });
  const direct = connect(server.endpoint);
  await build(direct, join(root, "sound"), direct);
  sound = await sidecarsIn(join(root, "sound"));
  await direct.close?.();
  assert.equal(sound.size, FILES.length);
});
after(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});

function connect(endpoint: string): Store {
  const { accessKeyId, secretAccessKey } = server;
  const waits = { stallMilliseconds: patience(250), backoffMilliseconds: 2 };
  return s3Store({ bucket: "corpus", endpoint, credentials: { accessKeyId, secretAccessKey }, ...waits });
}

/** Runs `use` with a store behind a faulty proxy. */
async function behindProxy(mode: ProxyMode, seed: number, use: (store: Store) => Promise<void>): Promise<void> {
  const proxy = await startFaultProxy(server.port, mode, seed, 150_000);
  const store = connect(proxy.endpoint);
  try {
    await use(store);
    assert.ok(Object.keys(proxy.struck).length > 0, "no fault struck");
  } finally {
    await store.close?.();
    await proxy.close();
  }
}

/** What each sidecar says of source, samples and labels. */
async function sidecarsIn(dir: string): Promise<Map<string, string>> {
  const cache = await openCache(dir);
  const found = new Map<string, string>();
  for (const file of FILES) {
    const sidecar = await cache.sidecar(idOf(file)).catch(() => undefined);
    if (!sidecar) continue;
    const { source, mean, std, frameCrc32, seizures, labelled } = sidecar;
    found.set(idOf(file), JSON.stringify({ source, mean, std, frameCrc32, seizures, labelled }));
  }
  return found;
}

async function build(store: Store, cacheDir: string, lister: Store) {
  return buildCache({ store, catalogue: await readCatalogue(lister), cacheDir, workers: 0 });
}

const NAMED = new Set(["source-damaged", "source-unreadable", "source-missing"]);

describe("behind a proxy that does harm", () => {
  for (const mode of PROXY_MODES) {
    it(`${mode}: a pull keeps the bucket's bytes, or names what failed`, { timeout: HANGS_MILLISECONDS }, () =>
      behindProxy(mode, 3, async (store) => {
        const dir = join(root, `pull-${mode}`);
        for (let attempt = 0; attempt < 3; attempt++) {
          const failed = await pullObjects(store, dir, { concurrency: 3 }).then(
            (report) => report.failed.map(({ key }) => key),
            (error: unknown) => {
              assert.ok(isIctalError(error), String(error));
              return undefined; // the whole pull was refused by name
            },
          );
          for (const [key, bytes] of Object.entries(objects)) {
            const found = await readFile(join(dir, key)).catch(() => undefined);
            if (found) assert.ok(found.equals(bytes), `${key} has other bytes`);
            else assert.ok(failed === undefined || failed.length > 0, `${key} is missing and nothing is said`);
          }
          if (failed?.length === 0) return;
        }
      }),
    );

    it(
      `${mode}: a direct build makes the cache of sound bytes, or names what it left out`,
      { timeout: HANGS_MILLISECONDS },
      () =>
        behindProxy(mode, 4, async (store) => {
          const dir = join(root, `build-${mode}`);
          const lister = connect(server.endpoint); // a listing carries no digest that could be compared
          try {
            for (let attempt = 0; attempt < 2; attempt++) {
              const { excluded } = await build(store, dir, lister);
              for (const { code, reason } of excluded) assert.ok(NAMED.has(code), `${code}: ${reason}`);
              const found = await sidecarsIn(dir);
              for (const [id, sidecar] of found) assert.equal(sidecar, sound.get(id));
              assert.equal(found.size + excluded.length, FILES.length);
              if (excluded.length === 0) return;
            }
          } finally {
            await lister.close?.();
          }
        }),
    );
  }
});

describe("patience with a service", () => {
  const drip = { kind: "drip", bytesPerSecond: 400 } as const;

  for (const way of ["read", "open"] as const)
    it(
      `${way}: a body that never stops and is slower than 1 KiB/s is given up, and resumed`,
      { timeout: HANGS_MILLISECONDS },
      () =>
        withBucket(
          { big: patternBytes(200_000) },
          { faults: [drip], client: { stallMilliseconds: patience(300) } },
          async ({ store, requests }) => {
            if (way === "read") assert.equal((await store.read("big")).length, 200_000);
            else {
              let count = 0;
              for await (const chunk of (await openObject(store, "big")).body) count += chunk.length;
              assert.equal(count, 200_000);
            }
            assert.equal(requests.filter(({ operation }) => operation === "get").length, 2);
          },
        ),
    );

  it("a slow reader is no slow service", { timeout: HANGS_MILLISECONDS }, () =>
    withBucket(
      { big: patternBytes(900_000) },
      { client: { stallMilliseconds: patience(150) } },
      async ({ store, requests }) => {
        let count = 0;
        const stream = await openObject(store, "big");
        await stream.pipe!(async (bytes) => {
          count += bytes.byteLength;
          await sleep(count > 500_000 ? 0 : 120);
        });
        assert.equal(count, 900_000);
        assert.ok(requests.length <= 3); // the socket's own patience may end a connection that is held up
      },
    ),
  );

  for (const what of ["a listing", "an error", "headers", "the first byte"] as const)
    it(`${what} that only drips or never comes ends in a named failure`, { timeout: HANGS_MILLISECONDS }, () =>
      withOwnServer(
        ({ response, key }) => {
          if (what === "headers") return;
          const status = what === "an error" ? 403 : 200;
          response.writeHead(status, { "content-type": "application/xml", etag: '"x"', "content-length": "100000" });
          response.flushHeaders();
          if (what === "the first byte" && key !== "") return;
          const timer = setInterval(() => (response.destroyed ? clearInterval(timer) : response.write(" ")), 20);
        },
        async ({ store }) => {
          const work = what === "a listing" ? store.list()[Symbol.asyncIterator]().next() : store.read("a.edf");
          await assert.rejects(work, (error) => {
            assert.ok(isIctalError(error, "StoreError"), String(error));
            assert.match(error.message, /stopped sending data|was closed/);
            assert.match(error.message, /a\.edf|bucket "b"/);
            return true;
          });
        },
        { stallMilliseconds: 60 },
      ),
    );

  it("the patience is an option, or the environment's, and must be a time", async () => {
    for (const stallMilliseconds of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => s3Store({ bucket: "b", stallMilliseconds }), /invalid stallMilliseconds/);
    process.env.ICTAL_S3_STALL_SECONDS = "soon";
    try {
      assert.throws(() => s3Store({ bucket: "b" }), /invalid ICTAL_S3_STALL_SECONDS: soon/);
      process.env.ICTAL_S3_STALL_SECONDS = "0.05";
      await withOwnServer(
        () => {},
        async ({ store }) => {
          await assert.rejects(store.read("a.edf"), /stopped sending data.*ICTAL_S3_STALL_SECONDS/);
        },
      );
    } finally {
      delete process.env.ICTAL_S3_STALL_SECONDS;
    }
  });

  it("pipeBody settles however long the body has been broken when it starts", async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-length": 1_000_000 });
      response.write(Buffer.alloc(1000));
      setTimeout(() => response.socket?.resetAndDestroy(), 10);
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo; // an object for a listening TCP server
    for (const wait of [0, 60]) {
      const body = await new Promise<IncomingMessage>((got) =>
        get({ port, host: "127.0.0.1" }, got).on("error", () => {}),
      );
      await sleep(wait);
      await assert.rejects(
        pipeBody(body, () => undefined),
        { code: "ECONNRESET" },
      );
    }
    await new Promise((closed) => server.close(closed));
  });
});
