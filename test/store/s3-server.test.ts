import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { memoryStore } from "../../src/store/memory-store.js";
import { startS3Server } from "../../src/store/server/s3-server.js";
import { patternBytes, withBucket } from "./s3-fixture.js";

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

/** A plain request without signature. */
function ask(endpoint: string, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(endpoint);
    const request = httpRequest({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () =>
        done({
          status: response.statusCode!,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("latin1"),
        }),
      );
    });
    request.on("error", fail).end();
  });
}

const digits = "0123456789";
const md5 = createHash("md5").update(digits).digest("hex");
const open = { allowAnonymous: true };
const code = (answer: Answer) => /<Code>(.*?)<\/Code>/.exec(answer.text)?.[1];

describe("the embedded server: objects", () => {
  it("GET and HEAD give size, MD5 as ETag, and a CRC32 when asked", () =>
    withBucket({ "a b/ä.txt": digits }, open, async ({ server }) => {
      const path = "/corpus/a%20b/%C3%A4.txt";
      const got = await ask(server.endpoint, path, { "x-amz-checksum-mode": "ENABLED" });
      assert.equal(got.status, 200);
      assert.equal(got.text, digits);
      assert.equal(got.headers.etag, `"${md5}"`);
      assert.equal(got.headers["x-amz-checksum-crc32"], "poTHxg==");
      assert.equal((await ask(server.endpoint, path)).headers["x-amz-checksum-crc32"], undefined);
      const head = await ask(server.endpoint, path, {}, "HEAD");
      assert.deepEqual([head.status, head.text, head.headers["content-length"]], [200, "", "10"]);
    }));

  it("serves ranges, suffix ranges too, and refuses those outside", () =>
    withBucket({ a: digits }, open, async ({ server }) => {
      const range = async (value: string) => {
        const { status, text, headers } = await ask(server.endpoint, "/corpus/a", { range: `bytes=${value}` });
        return [status, status === 416 ? "" : text, headers["content-range"]];
      };
      assert.deepEqual(await range("0-0"), [206, "0", "bytes 0-0/10"]);
      assert.deepEqual(await range("3-"), [206, "3456789", "bytes 3-9/10"]);
      assert.deepEqual(await range("8-99"), [206, "89", "bytes 8-9/10"]);
      assert.deepEqual(await range("-3"), [206, "789", "bytes 7-9/10"]);
      assert.deepEqual(await range("-99"), [206, digits, "bytes 0-9/10"]);
      assert.deepEqual(await range("10-12"), [416, "", "bytes */10"]);
      assert.deepEqual(await range("-0"), [416, "", "bytes */10"]);
      assert.deepEqual(await range("5-3"), [200, digits, undefined]);
      assert.deepEqual(await range("0-1,3-4"), [200, digits, undefined]);
    }));

  it("honours If-Match and If-None-Match, with a range too", () =>
    withBucket({ a: digits }, open, async ({ server }) => {
      const status = async (headers: Record<string, string>) =>
        (await ask(server.endpoint, "/corpus/a", headers)).status;
      assert.equal(await status({ "if-match": `"${md5}"` }), 200);
      assert.equal(await status({ "if-match": "*" }), 200);
      assert.equal(await status({ "if-match": `"x", "${md5}"`, range: "bytes=0-1" }), 206);
      assert.equal(await status({ "if-match": '"other"' }), 412);
      assert.equal(await status({ "if-match": '"other"', range: "bytes=0-1" }), 412);
      assert.equal(await status({ "if-none-match": `"${md5}"` }), 304);
      assert.equal(await status({ "if-none-match": '"other"' }), 200);
    }));

  it("answers in S3's words for what is missing, outside, or not allowed", () =>
    withBucket({ a: digits }, open, async ({ server }) => {
      const codeAt = async (path: string, method = "GET") => code(await ask(server.endpoint, path, {}, method));
      assert.equal(await codeAt("/corpus/none"), "NoSuchKey");
      assert.equal(await codeAt("/other/a"), "NoSuchBucket");
      assert.equal(await codeAt("/corpus/a", "PUT"), "MethodNotAllowed");
      assert.equal(await codeAt("/corpus/%zz"), "InvalidURI");
      assert.equal(await codeAt("/corpus?list-type=2&max-keys=x"), "InvalidArgument");
      assert.equal(await codeAt("/corpus?list-type=2&continuation-token=!!"), "InvalidArgument");
      assert.equal((await ask(server.endpoint, "/other", {}, "HEAD")).status, 404);
    }));

  it("does not leave the folder it serves", async () => {
    const outer = await mkdtemp(join(tmpdir(), "ictal-server-"));
    await writeFile(join(outer, "secret.txt"), "secret");
    const root = await mkdtemp(join(outer, "root-"));
    await writeFile(join(root, "a.txt"), digits);
    try {
      await withBucket({}, { ...open, root }, async ({ server }) => {
        assert.equal((await ask(server.endpoint, "/corpus/a.txt")).text, digits);
        for (const path of ["/corpus/../secret.txt", "/corpus/%2e%2e/secret.txt", "/corpus/..%2fsecret.txt"]) {
          assert.equal((await ask(server.endpoint, path)).status, 404, path);
        }
      });
    } finally {
      await rm(outer, { recursive: true });
    }
  });

  it("sees that a file has changed", async () => {
    const root = await mkdtemp(join(tmpdir(), "ictal-server-"));
    try {
      await writeFile(join(root, "a"), "one");
      await withBucket({}, { ...open, root }, async ({ server }) => {
        const first = await ask(server.endpoint, "/corpus/a");
        await writeFile(join(root, "a"), "two");
        const second = await ask(server.endpoint, "/corpus/a", { "if-match": String(first.headers.etag) });
        assert.equal(second.status, 412);
      });
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe("the embedded server: listing", () => {
  const objects: Record<string, string> = {
    "a.txt": "",
    "dev/p1/x": "",
    "dev/p2/x": "",
    "dev/p2/y": "",
    "dev/z": "",
    zz: "",
  };
  const keys = (answer: Answer) => [...answer.text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);
  const prefixes = (answer: Answer) =>
    [...answer.text.matchAll(/<CommonPrefixes><Prefix>(.*?)<\/Prefix>/g)].map(([, prefix]) => prefix);

  it("folds keys below a delimiter", () =>
    withBucket(objects, open, async ({ server }) => {
      const list = (query: string) => ask(server.endpoint, `/corpus?list-type=2&${query}`);
      const top = await list("delimiter=/");
      assert.deepEqual([keys(top), prefixes(top)], [["a.txt", "zz"], ["dev/"]]);
      const inner = await list("delimiter=/&prefix=dev/");
      assert.deepEqual([keys(inner), prefixes(inner)], [["dev/z"], ["dev/p1/", "dev/p2/"]]);
    }));

  it("folds a key behind the last character too, once", () =>
    withBucket({ "a/b": "", "a/\u{10ffff}c": "", d: "" }, open, async ({ server }) => {
      const { text } = await ask(server.endpoint, "/corpus?list-type=2&delimiter=/&max-keys=5");
      assert.deepEqual(
        [...text.matchAll(/<Prefix>([^<]+)<\/Prefix>|<Key>(.*?)<\/Key>/g)].map(([, prefix, key]) => prefix ?? key),
        ["d", "a/"],
      );
    }));

  it("pages through keys and folded prefixes without loss or repeat", () =>
    withBucket(objects, open, async ({ server }) => {
      for (const delimiter of ["", "&delimiter=/"]) {
        const found: (string | undefined)[] = [];
        let token = "";
        do {
          const page = await ask(server.endpoint, `/corpus?list-type=2&max-keys=1&prefix=dev/${delimiter}${token}`);
          assert.equal(keys(page).length + prefixes(page).length, 1);
          found.push(...keys(page), ...prefixes(page));
          const next = /<NextContinuationToken>(.*?)</.exec(page.text)?.[1];
          assert.equal(page.text.includes("<IsTruncated>true"), next !== undefined);
          token = next === undefined ? "" : `&continuation-token=${next}`;
        } while (token !== "");
        const expected =
          delimiter === "" ? ["dev/p1/x", "dev/p2/x", "dev/p2/y", "dev/z"] : ["dev/p1/", "dev/p2/", "dev/z"];
        assert.deepEqual(found, expected);
      }
    }));

  it("encodes keys when asked, and escapes them otherwise", () =>
    withBucket({ "a&b <c> +ä.txt": "" }, open, async ({ server }) => {
      assert.deepEqual(keys(await ask(server.endpoint, "/corpus?list-type=2&encoding-type=url")), [
        "a%26b%20%3Cc%3E%20%2B%C3%A4.txt",
      ]);
      const plain = keys(await ask(server.endpoint, "/corpus?list-type=2"))[0]!;
      assert.equal(Buffer.from(plain, "latin1").toString(), "a&amp;b &lt;c&gt; +ä.txt");
    }));

  it("lists 2,500 keys through the client in three pages, in order", () => {
    const many = Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`k/${String(i).padStart(5, "0")}`, "x"]));
    return withBucket(many, {}, async ({ store, requests }) => {
      const found: string[] = [];
      for await (const { key } of store.list("k/")) found.push(key);
      assert.deepEqual(found, Object.keys(many));
      assert.equal(requests.length, 3);
    });
  });
});

describe("the embedded server: signatures", () => {
  /** Signs by the published recipe, written out for one case, so that a mistake shared with the server would show. */
  function signed(endpoint: string, secret: string, payload: string, time = new Date()): Record<string, string> {
    const stamp = time.toISOString().replace(/[-:]|\.\d+/g, "");
    const day = stamp.slice(0, 8);
    const { host } = new URL(endpoint);
    const headers = `host:${host}\nx-amz-content-sha256:${payload}\nx-amz-date:${stamp}\n`;
    const names = "host;x-amz-content-sha256;x-amz-date";
    const canonical = `GET\n/corpus/a%20b\nx=1%2B2&y=\n${headers}\n${names}\n${payload}`;
    const hash = createHash("sha256").update(canonical).digest("hex");
    const text = `AWS4-HMAC-SHA256\n${stamp}\n${day}/us-east-1/s3/aws4_request\n${hash}`;
    let key: string | Buffer = `AWS4${secret}`;
    for (const step of [day, "us-east-1", "s3", "aws4_request", text])
      key = createHmac("sha256", key).update(step).digest();
    const authorization = `AWS4-HMAC-SHA256 Credential=ictal/${day}/us-east-1/s3/aws4_request, SignedHeaders=${names}, Signature=${(key as Buffer).toString("hex")}`;
    return { authorization, "x-amz-date": stamp, "x-amz-content-sha256": payload };
  }
  const path = "/corpus/a%20b?y=&x=1%2B2";
  const empty = createHash("sha256").update("").digest("hex");

  it("accepts a right one, with a signed and with an unsigned payload", () =>
    withBucket({ "a b": digits }, {}, async ({ server }) => {
      for (const payload of [empty, "UNSIGNED-PAYLOAD"]) {
        const answer = await ask(server.endpoint, path, signed(server.endpoint, server.secretAccessKey, payload));
        assert.deepEqual([answer.status, answer.text], [200, digits]);
      }
    }));

  it("refuses wrong, missing, foreign, stale and broken ones", () =>
    withBucket({ "a b": digits }, {}, async ({ server }) => {
      const { endpoint, secretAccessKey } = server;
      const good = signed(endpoint, secretAccessKey, empty);
      const codeFor = async (headers: Record<string, string>, at = path) => code(await ask(endpoint, at, headers));
      assert.equal(await codeFor(signed(endpoint, "wrong", empty)), "SignatureDoesNotMatch");
      assert.equal(await codeFor(good, "/corpus/other?y=&x=1%2B2"), "SignatureDoesNotMatch");
      assert.equal(await codeFor(good, "/corpus/a%20b?y=&x=3"), "SignatureDoesNotMatch");
      assert.equal(await codeFor({}), "AccessDenied");
      assert.equal(
        await codeFor({ ...good, authorization: good.authorization!.replace("=ictal/", "=other/") }),
        "InvalidAccessKeyId",
      );
      assert.equal(
        await codeFor({ ...good, authorization: "AWS4-HMAC-SHA256 nonsense" }),
        "AuthorizationHeaderMalformed",
      );
      const old = signed(endpoint, secretAccessKey, empty, new Date(Date.now() - 20 * 60_000));
      assert.equal(await codeFor(old), "RequestTimeTooSkewed");
      const body = createHash("sha256").update("body").digest("hex");
      assert.equal(await codeFor(signed(endpoint, secretAccessKey, body)), "XAmzContentSHA256Mismatch");
    }));
});

describe("the embedded server: life", () => {
  it("names the port that is in use and what to do", async () => {
    const first = await startS3Server({ store: memoryStore({}), bucket: "corpus" });
    try {
      await assert.rejects(startS3Server({ store: memoryStore({}), bucket: "corpus", port: first.port }), (error) => {
        assert.ok(isIctalError(error, "StoreError"));
        assert.match(error.message, new RegExp(`port ${first.port}.*in use.*--port`));
        return true;
      });
    } finally {
      await first.close();
    }
  });

  it("close() ends open connections and frees the port", async () => {
    const options = { store: memoryStore({ a: patternBytes(3_000_000) }), bucket: "corpus", ...open };
    const first = await startS3Server({ ...options, faults: [{ kind: "stall", afterBytes: 10 }] });
    const hanging = ask(first.endpoint, "/corpus/a").catch((error) => error);
    await new Promise((done) => setTimeout(done, 50));
    await first.close();
    await hanging;
    const second = await startS3Server({ ...options, port: first.port });
    assert.equal(second.port, first.port);
    await second.close();
  });

  it("refuses wrong options in plain words", async () => {
    await assert.rejects(startS3Server({ bucket: "corpus" }), /exactly one of root and store/);
    await assert.rejects(startS3Server({ bucket: "No_Bucket", store: memoryStore({}) }), /invalid bucket: No_Bucket/);
  });

  it("has no other address than this machine's own", async () => {
    const server = await startS3Server({ store: memoryStore({}), bucket: "corpus" });
    assert.match(server.endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
    await server.close();
  });
});
