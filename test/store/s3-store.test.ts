import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, it } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { patience } from "@ictal/jupyter/test/patience";
import { memoryStore } from "../../src/store/memory-store.js";
import { s3Store } from "../../src/store/s3-store.js";
import type { S3Fault } from "../../src/store/server/s3-faults.js";
import { startS3Server } from "../../src/store/server/s3-server.js";
import type { Store } from "../../src/store/store.js";
import { patternBytes, withBucket } from "./s3-fixture.js";
import { CONTRACT_OBJECTS, testStoreContract } from "./store-contract.js";

async function servedStore(prefix: string): Promise<Store> {
  const objects = Object.fromEntries(Object.entries(CONTRACT_OBJECTS).map(([key, text]) => [prefix + key, text]));
  const server = await startS3Server({
    store: memoryStore({ ...objects, "zz-beside": "not below the prefix" }),
    bucket: "corpus",
  });
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const store = s3Store({ bucket: "corpus", prefix, endpoint, credentials: { accessKeyId, secretAccessKey } });
  return {
    ...store,
    async close() {
      await store.close?.();
      await server.close();
    },
  };
}

testStoreContract("s3, below a prefix", () => servedStore("edf v2/"));

/** A port whose queue of connections is full and that nobody serves: attempts are dropped, as by a firewall. */
async function deafServer() {
  const script = `require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () { console.log(this.address().port); });`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const port = Number(await new Promise((done) => child.stdout.once("data", done)));
  child.kill("SIGSTOP");
  const fillers = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  await new Promise((done) => setTimeout(done, 100));
  const stop = () => {
    for (const filler of fillers) filler.destroy();
    child.kill("SIGKILL");
  };
  return { port, stop };
}

/** What a script prints, stderr included, in a process that has no AWS settings but those given. */
async function outputOf(script: string, environment: Record<string, string>): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true", ...environment };
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  await new Promise((done) => child.once("close", done));
  return output;
}

const codeOf = (error: unknown) => (isIctalError(error, "StoreError") ? error.details.code : undefined);
const failsWith =
  (code: string, ...parts: RegExp[]) =>
  (error: unknown) => {
    assert.equal(codeOf(error), code, String(error));
    for (const part of parts) assert.match((error as Error).message, part);
    return true;
  };

const big = patternBytes(300_000);
const faultsTo = async (
  faults: S3Fault[],
  use: (store: Store, ranges: () => (string | undefined)[]) => Promise<void>,
) =>
  withBucket({ big }, { faults, client: { stallMilliseconds: patience(500) } }, ({ store, requests }) =>
    use(store, () => requests.map(({ range }) => range)),
  );

describe("s3Store: faults on the way", () => {
  for (const kind of ["reset", "short-body"] as const) {
    it(`resumes a body from the last byte after ${kind}`, () =>
      faultsTo([{ kind, afterBytes: 100_000 }], async (store, ranges) => {
        assert.deepEqual(await store.read("big"), big);
        const [first, second] = ranges();
        assert.equal(first, undefined);
        const start = Number(/^bytes=(\d+)-299999$/.exec(second ?? "")?.[1]);
        assert.ok(start > 0 && start <= 100_000, `resumed at ${second}`);
      }));
  }

  it("resumes a range with the same version", () =>
    withBucket({ big }, { faults: [{ kind: "reset", afterBytes: 5000 }] }, async ({ store, requests, server }) => {
      const range = { start: 1000, end: 200_000 };
      assert.deepEqual(await store.read("big", { range }), big.slice(1000, 200_000));
      assert.equal(requests.length, 2);
      assert.match(requests[1]!.headers["if-match"]!, /^"[0-9a-f]{32}"$/);
      assert.match(requests[1]!.range!, /^bytes=\d+-199999$/);
      assert.equal(server.bucket, "corpus");
    }));

  for (const kind of ["stall", "no-answer"] as const) {
    it(`gives up a connection after stallMilliseconds of ${kind} and goes on`, () =>
      faultsTo([{ kind, afterBytes: 100_000 }], async (store) => {
        const started = performance.now();
        assert.deepEqual(await store.read("big"), big);
        assert.ok(performance.now() - started < patience(5000));
      }));
  }

  it("gives up a connection that only drips, and resumes it", () =>
    faultsTo([{ kind: "drip", bytesPerSecond: 200 }], async (store, ranges) => {
      assert.deepEqual(await store.read("big"), big);
      assert.equal(ranges().length, 2);
    }));

  for (const kind of ["slow-down", "internal-error"] as const) {
    it(`waits and asks again after ${kind}`, () =>
      faultsTo([{ kind, times: 4 }], async (store, ranges) => {
        assert.deepEqual(await store.read("big"), big);
        assert.equal(ranges().length, 5);
      }));
  }

  it("fails in the end when the service stays busy, saying how often it asked", () =>
    faultsTo([{ kind: "slow-down", times: 1000 }], async (store, ranges) => {
      await assert.rejects(store.read("big"), failsWith("SlowDown", /busy/, /tried 8 times/));
      assert.equal(ranges().length, 8);
    }));

  it("fails in the end when the body never comes whole", () =>
    faultsTo([{ kind: "reset", times: 1000, afterBytes: 0 }], async (store) => {
      await assert.rejects(store.read("big"), failsWith("Broken", /was closed/));
    }));

  it("refuses bytes that the checksum contradicts", () =>
    faultsTo([{ kind: "wrong-checksum" }], async (store) => {
      await assert.rejects(store.read("big"), failsWith("BadDigest", /crc32/, /read it again/));
      assert.deepEqual(await store.read("big"), big);
    }));

  it("refuses bytes that the MD5 contradicts where there is no checksum, also when the body was resumed", () => {
    const faults: S3Fault[] = [
      { kind: "reset", afterBytes: 50_000 },
      { kind: "corrupt", afterBytes: 10 },
    ];
    return withBucket({ big }, { faults, checksums: false }, async ({ store, connect }) => {
      await assert.rejects(store.read("big"), failsWith("BadDigest", /md5/));
      assert.deepEqual(await connect({ etagIsMd5: false }).read("big"), big);
    });
  });

  it("says so when the object changes while a body is resumed", () =>
    withBucket({ big }, { faults: [{ kind: "reset", afterBytes: 9 }, { kind: "changed" }] }, async ({ store }) => {
      await assert.rejects(store.read("big"), failsWith("Changed", /changed while it was in use/));
    }));

  it("frees the connections of bodies that nobody reads", () =>
    withBucket({ big: patternBytes(4_000_000) }, { client: { maxConnections: 2 } }, async ({ store }) => {
      for (let i = 0; i < 6; i++) {
        const { body } = await store.open!("big");
        await body.return();
      }
      assert.equal((await store.read("big", { range: { start: 0, end: 4 } })).byteLength, 4);
    }));

  it("stops at the signal in the middle of a body", () =>
    withBucket({ big }, { faults: [{ kind: "stall", afterBytes: 10 }] }, async ({ store }) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(store.read("big", { signal: controller.signal }), { name: "AbortError" });
    }));
});

describe("s3Store: errors say what, where and what to do", () => {
  const secret = "do-not-print-this-secret";
  const credentials = { accessKeyId: "ictal", secretAccessKey: secret };

  it("missing bucket, in list, stat and read", () =>
    withBucket({ big }, {}, async ({ connect, server }) => {
      const store = connect({ bucket: "other" });
      const isMissing = (error: unknown) => {
        assert.ok(isIctalError(error, "NotFoundError"));
        assert.match(error.message, /no bucket "other"/);
        assert.ok(error.message.includes(server.endpoint));
        return true;
      };
      await assert.rejects(store.list()[Symbol.asyncIterator]().next(), isMissing);
      await assert.rejects(store.stat("big"), isMissing);
      await assert.rejects(store.read("big"), isMissing);
    }));

  it("wrong secret and unknown access key, in list, stat and read, without printing the secret", () =>
    withBucket({ big }, {}, async ({ connect }) => {
      const wrong: [string, Store][] = [
        ["SignatureDoesNotMatch", connect({ credentials })],
        ["InvalidAccessKeyId", connect({ credentials: { accessKeyId: "nobody", secretAccessKey: secret } })],
      ];
      for (const [code, store] of wrong) {
        const isRefused = (error: unknown) => {
          assert.ok(!String((error as Error).message).includes(secret));
          return failsWith(code, /127\.0\.0\.1/, /AWS_/)(error);
        };
        await assert.rejects(store.list()[Symbol.asyncIterator]().next(), isRefused);
        await assert.rejects(store.stat("big"), isRefused);
        await assert.rejects(store.read("big"), isRefused);
      }
    }));

  it("anonymous requests are refused, or served where the bucket is public", async () => {
    await withBucket({ big }, {}, async ({ connect }) => {
      await assert.rejects(connect({ anonymous: true }).read("big"), failsWith("AccessDenied", /anonymous/));
    });
    await withBucket({ big }, { allowAnonymous: true }, async ({ connect, requests }) => {
      assert.deepEqual(await connect({ anonymous: true }).read("big"), big);
      assert.equal(requests[0]!.headers.authorization, undefined);
    });
  });

  it("anonymous requests need no credentials anywhere", () =>
    withBucket({ big }, { allowAnonymous: true }, async ({ server }) => {
      const script = `
        const { openStore } = await import(${JSON.stringify(new URL("../../src/store/open-store.js", import.meta.url).href)});
        const store = openStore("s3://corpus", { anonymous: true, endpoint: ${JSON.stringify(server.endpoint)} });
        console.log((await store.read("big")).byteLength);`;
      assert.equal(await outputOf(script, {}), "300000\n");
    }));

  it("access denied names what is missing", () =>
    withBucket({ big }, { faults: [{ kind: "access-denied" }] }, async ({ store }) => {
      await assert.rejects(store.read("big"), failsWith("AccessDenied", /s3:\/\/corpus\/big/, /s3:GetObject/));
    }));

  it("requesterPays is sent with each request", () =>
    withBucket({ big }, {}, async ({ connect, requests }) => {
      const store = connect({ requesterPays: true });
      await store.read("big");
      await store.stat("big");
      await store.list()[Symbol.asyncIterator]().next();
      assert.deepEqual(
        requests.map(({ headers }) => headers["x-amz-request-payer"]),
        ["requester", "requester", "requester"],
      );
    }));

  it("wrong region names the right one", () =>
    withBucket({ big }, { region: "eu-west-1" }, async ({ connect }) => {
      const store = connect({ region: "us-east-2" });
      const isWrong = failsWith("WrongRegion", /eu-west-1/, /us-east-2/, /--region/);
      await assert.rejects(store.read("big"), isWrong);
      await assert.rejects(store.stat("big"), isWrong);
      assert.deepEqual(await connect({ region: "eu-west-1" }).read("big"), big);
    }));

  it("an endpoint where nothing listens", async () => {
    const store = s3Store({ bucket: "corpus", endpoint: "http://127.0.0.1:9", credentials });
    await assert.rejects(store.read("a"), failsWith("Unreachable", /127\.0\.0\.1:9/, /tried 3 times/));
  });

  it("an endpoint that is a web site, not S3", async () => {
    const site = createServer((_, response) => void response.writeHead(404).end("<html>not found</html>"));
    await new Promise<void>((done) => site.listen(0, "127.0.0.1", done));
    const { port } = site.address() as AddressInfo;
    const store = s3Store({ bucket: "corpus", endpoint: `http://127.0.0.1:${port}`, credentials });
    try {
      await assert.rejects(store.read("a"), failsWith("NotS3", /check the endpoint/));
    } finally {
      await store.close?.();
      site.close();
      site.closeAllConnections();
    }
  });

  it("an unknown host", async () => {
    const store = s3Store({ bucket: "corpus", endpoint: "http://no-such-host.invalid", credentials });
    await assert.rejects(store.read("a"), failsWith("UnknownHost", /no-such-host\.invalid/));
  });

  it("an endpoint that takes no connection fails within about ten seconds", async (context) => {
    const { port, stop } = await deafServer();
    const started = performance.now();
    const store = s3Store({ bucket: "corpus", endpoint: `http://127.0.0.1:${port}`, credentials });
    await assert.rejects(store.read("a"), failsWith("Unreachable", /timed out/)).finally(stop);
    const seconds = (performance.now() - started) / 1000;
    context.diagnostic(`gave up after ${seconds.toFixed(1)} s`);
    assert.ok(seconds < patience(12_000) / 1000);
  });

  it("no credentials anywhere", () => {
    const script = `
      const { s3Store } = await import(${JSON.stringify(new URL("../../src/store/s3-store.js", import.meta.url).href)});
      const started = Date.now();
      try { await s3Store({ bucket: "corpus", endpoint: "http://127.0.0.1:9" }).read("a"); }
      catch (error) { console.log(JSON.stringify({ code: error.details?.code, message: error.message, seconds: (Date.now() - started) / 1000 })); }`;
    const environment = { PATH: process.env.PATH, HOME: "/nonexistent" };
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      env: environment,
      encoding: "utf8",
    });
    const found = JSON.parse(child.stdout) as { code: string; message: string; seconds: number };
    assert.equal(found.code, "NoCredentials");
    assert.match(found.message, /AWS_ACCESS_KEY_ID.*--profile.*--anonymous/);
    assert.ok(found.seconds < patience(12_000) / 1000, `${found.seconds} s`);
    assert.equal(child.stderr, "", "no warning about the Node version");
  });

  it("loads the SDK at the first request, not with the module", async () => {
    const script = `
      const { createRequire } = await import("node:module");
      const { openStore } = await import(${JSON.stringify(new URL("../../src/store/open-store.js", import.meta.url).href)});
      openStore("s3://corpus");
      console.log(Object.keys(createRequire("/").cache).filter((path) => path.includes("aws-sdk")).length);`;
    assert.equal(await outputOf(script, {}), "0\n");
  });

  it("takes endpoint, region and credentials from the environment", () =>
    withBucket({ big }, { region: "eu-west-3" }, async ({ server }) => {
      const script = `
        const { openStore } = await import(${JSON.stringify(new URL("../../src/store/open-store.js", import.meta.url).href)});
        const store = openStore("s3://corpus");
        console.log((await store.read("big")).byteLength, process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED);`;
      const environment = {
        AWS_ENDPOINT_URL: "http://127.0.0.1:9",
        AWS_ENDPOINT_URL_S3: server.endpoint,
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
        AWS_REGION: "eu-west-3",
      };
      assert.equal(await outputOf(script, environment), "300000 undefined\n");
    }));
});
