import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { withMirror } from "../../src/store/mirror-store.js";
import { pullObjects } from "../../src/store/pull.js";
import type { ObjectInfo, Store } from "../../src/store/store.js";
import {
  errorXml,
  type Item,
  listingXml,
  md5Of,
  type OwnRequest,
  sendObject,
  sendXml,
  withOwnServer,
} from "./own-s3.js";

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-answers-"));
  folders.push(dir);
  return dir;
}

async function listed(store: Store): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of store.list()) found.push(info);
  return found;
}

const is =
  (code: string, ...patterns: RegExp[]) =>
  (error: unknown) => {
    assert.ok(isIctalError(error, "StoreError"), String(error));
    assert.equal(error.details.code, code, error.message);
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  };

const filesIn = async (dir: string) => (await readdir(dir)).filter((name) => name !== ".ictal-mirror");

const small = Buffer.from("three words here");
const large = Buffer.alloc(3_000_000, "large ");
const other = Buffer.from("sound beside it");
const page = "<html><head><title>Sign in</title></head><body>Please sign in</body></html>";
const sendPage = ({ response }: OwnRequest, more: Record<string, string> = {}) =>
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...more }).end(page);

const objects: Record<string, Buffer> = { "bad.edf": small, "big.edf": large, "good.edf": other };
const items: Item[] = Object.entries(objects).map(([key, bytes]) => ({ key, size: bytes.length, etag: md5Of(bytes) }));

/** A bucket of three objects, of which `wrong` answers for those that it takes (true). */
const serve = (wrong: (request: OwnRequest, bytes: Buffer) => boolean) => (request: OwnRequest) => {
  if (request.key === "") return sendXml(request, listingXml(items));
  const bytes = objects[request.key];
  if (!bytes) return sendXml(request, errorXml("NoSuchKey"), 404);
  if (!wrong(request, bytes)) sendObject(request, bytes);
};

/** Pulls with `wrong` answers to "bad.edf" and "big.edf"; both must fail by name and the third must be there. */
async function pullFails(wrong: (request: OwnRequest, bytes: Buffer) => void, pattern: RegExp): Promise<void> {
  const isWrong = (request: OwnRequest, bytes: Buffer) => {
    if (request.key === "good.edf" || request.method === "HEAD") return false;
    wrong(request, bytes);
    return true;
  };
  await withOwnServer(serve(isWrong), async ({ store }) => {
    const dir = await newFolder();
    const { failed, downloaded } = await pullObjects(store, dir);
    assert.equal(downloaded, 1);
    assert.deepEqual(failed.map(({ key }) => key).sort(), ["bad.edf", "big.edf"]);
    for (const { key, reason } of failed) {
      assert.match(reason, pattern);
      assert.match(reason, new RegExp(key));
    }
    assert.deepEqual(await filesIn(dir), ["good.edf"]);
    assert.deepEqual(await readFile(join(dir, "good.edf")), other);
  });
}

const answers: readonly (readonly [what: string, wrong: (request: OwnRequest, bytes: Buffer) => void, RegExp])[] = [
  ["a login page without an ETag", (request) => sendPage(request), /web page, such as a login page/],
  ["a login page with an ETag", (request) => sendPage(request, { etag: '"5f3-1"' }), /web page, such as a login page/],
  ["an answer without an ETag", (request, bytes) => sendObject(request, bytes, { etag: undefined }), /no ETag/],
  ["the object's own ETag over other bytes", (request, bytes) => sendObject(request, bytes, {}, flip), /md5/],
  ["another ETag", (request, bytes) => sendObject(request, bytes, { etag: '"other"' }), /changed while it was in use/],
  ["status 204", ({ response }) => response.writeHead(204).end(), /status 204/],
  [
    "a length of 1e15",
    (request, bytes) => sendObject(request, bytes, { "content-length": "1000000000000000" }),
    /1000000000000000 bytes/,
  ],
  ["no length", (request, bytes) => sendObject(request, bytes, { "content-length": undefined }), /no Content-Length/],
  [
    "a part where the whole was asked for",
    (request, bytes) => sendObject(request, bytes, { "content-range": "bytes 0-9/999999999999" }),
    /a part/,
  ],
];

const flip = (bytes: Buffer) => {
  bytes[10] = bytes[10]! ^ 0x40;
  return bytes;
};

describe("pull from a service with damaged answers", () => {
  for (const [what, wrong, pattern] of answers)
    it(`stores nothing of ${what}, names the object, and goes on with the others`, () => pullFails(wrong, pattern));

  it("does not take the facts of a HEAD without an ETag where the listing had one", () =>
    withOwnServer(
      serve((request, bytes) => {
        if (request.key !== "bad.edf") return false;
        if (request.method === "HEAD") sendObject(request, bytes, { etag: undefined });
        else if (request.headers["if-match"] === undefined) sendObject(request, bytes, { etag: undefined });
        else sendXml(request, errorXml("PreconditionFailed"), 412);
        return true;
      }),
      async ({ store }) => {
        const dir = await newFolder();
        const { failed } = await pullObjects(store, dir);
        assert.deepEqual(
          failed.map(({ key }) => key),
          ["bad.edf"],
        );
        assert.match(failed[0]!.reason, /no ETag|without one/);
        assert.deepEqual((await filesIn(dir)).sort(), ["big.edf", "good.edf"]);
      },
    ));

  it("refuses a part of another range, version or size when it goes on after a break", async () => {
    const rests: readonly [Record<string, string | undefined>, RegExp][] = [
      [{ "content-range": "bytes 5-2999999/3000000" }, /Content-Range/],
      [{ "content-range": "bytes 1000-2999999/999999999999" }, /Content-Range|changed/],
      [{ etag: '"another"' }, /changed/],
      [{ etag: undefined }, /no ETag/],
    ];
    for (const [headers, pattern] of rests)
      await withOwnServer(
        serve((request, bytes) => {
          if (request.key !== "big.edf" || request.method === "HEAD") return false;
          if (request.headers.range) sendObject(request, bytes, headers);
          else {
            request.response.writeHead(200, { etag: `"${md5Of(bytes)}"`, "content-length": String(bytes.length) });
            request.response.write(bytes.subarray(0, 1000), () => request.response.socket?.destroy());
          }
          return true;
        }),
        async ({ store }) => {
          const dir = await newFolder();
          const { failed } = await pullObjects(store, dir);
          assert.deepEqual(
            failed.map(({ key }) => key),
            ["big.edf"],
          );
          assert.match(failed[0]!.reason, pattern);
          assert.deepEqual((await filesIn(dir)).sort(), ["bad.edf", "good.edf"]);
        },
      );
  });

  it("keeps nothing of an object whose listed size is another than that of the same version", () =>
    withOwnServer(
      (request) =>
        request.key === ""
          ? sendXml(request, listingXml(items.map((item) => ({ ...item, size: Number(item.size) + 1 }))))
          : serve(() => false)(request),
      async ({ store }) => {
        const dir = await newFolder();
        const { failed } = await pullObjects(store, dir);
        assert.equal(failed.length, 3);
        assert.match(failed[0]!.reason, /was listed with \d+ bytes, but has \d+ in the same version/);
        assert.deepEqual(await filesIn(dir), []);
      },
    ));

  it("names a redirect in place of a listing", () =>
    withOwnServer(
      ({ response }) => response.writeHead(302, { location: "/login" }).end(),
      async ({ store }) => {
        await assert.rejects(listed(store), is("NotS3", /sent a redirect for .* \(status 302\), as login pages do/));
      },
    ));

  it("keeps nothing that a mirror was given in place of the object", () =>
    withOwnServer(
      serve((request) => request.key === "bad.edf" && request.method === "GET" && Boolean(sendPage(request))),
      async ({ store }) => {
        const dir = await newFolder();
        const mirror = withMirror(store, dir);
        await listed(mirror);
        await assert.rejects(mirror.read("bad.edf"), is("BadAnswer", /login page/));
        assert.deepEqual(await filesIn(dir), []);
        assert.deepEqual(await mirror.read("good.edf"), new Uint8Array(other));
      },
    ));
});

describe("s3Store.read and open with damaged answers", () => {
  it("takes no answer without an ETag once the service has given one", () =>
    withOwnServer(
      serve((request, bytes) => {
        if (request.key === "bad.edf") sendObject(request, bytes, { etag: undefined });
        return request.key === "bad.edf";
      }),
      async ({ store }) => {
        await listed(store);
        await assert.rejects(store.read("bad.edf"), is("BadAnswer", /no ETag/, /"bad.edf"/));
        await assert.rejects(store.read("bad.edf", { range: { start: 0, end: 4 } }), is("BadAnswer", /no ETag/));
        await assert.rejects(store.stat("bad.edf"), is("BadAnswer", /no ETag/));
      },
    ));

  it("compares the ETag and the range of a part by itself, whatever the service made of If-Match", () =>
    withOwnServer(
      serve(() => false),
      async ({ store }) => {
        const range = { start: 2, end: 7 };
        assert.deepEqual(await store.read("bad.edf", { range }), new Uint8Array(small.subarray(2, 7)));
        await assert.rejects(store.read("bad.edf", { range, ifMatch: "earlier" }), is("Changed"));
      },
    ));

  for (const [start, end] of [
    [0, 5],
    [3, 8],
  ] as const)
    it(`says that a service ignores ranges, from byte ${start}`, () =>
      withOwnServer(
        serve((request, bytes) => {
          sendObject({ ...request, headers: {} }, bytes);
          return true;
        }),
        async ({ store }) => {
          await assert.rejects(
            store.read("bad.edf", { range: { start, end } }),
            is("NoRanges", /ignored the byte range/),
          );
          assert.deepEqual(await store.read("bad.edf", { range: { start: 0, end: 99 } }), new Uint8Array(small));
        },
      ));

  it("names an impossible Content-Range", async () => {
    for (const value of ["bytes 0-4/-7", "bytes 0-4/999999999999999999999", "bytes 1-5/16", "bytes 0-4/3", "words"])
      await withOwnServer(
        serve((request, bytes) => {
          sendObject(request, bytes, { "content-range": value });
          return true;
        }),
        async ({ store }) => {
          const range = { start: 0, end: 5 };
          await assert.rejects(store.read("bad.edf", { range }), is("BadAnswer", /Content-Range/), value);
        },
      );
  });

  it("tags a key that no request can say", () =>
    withOwnServer(
      serve(() => false),
      async ({ store }) => {
        await assert.rejects(store.read("half\ud800pair.edf"), (error) => isIctalError(error));
      },
    ));
});

describe("s3Store.list with damaged listings", () => {
  const listingIs = (answer: (request: OwnRequest) => void, code: string, ...patterns: RegExp[]) =>
    withOwnServer(answer, async ({ store }) => {
      await assert.rejects(listed(store), is(code, ...patterns));
      const dir = await newFolder();
      await assert.rejects(pullObjects(store, dir), is(code));
    });
  const one: Item = { key: "a.edf", size: 3, etag: "x" };

  for (const [what, send] of [
    ["a login page", (request: OwnRequest) => sendPage(request)],
    [
      "a page that is no XML",
      (r: OwnRequest) => r.response.writeHead(200, { "content-type": "text/html" }).end("<p>hi<br>"),
    ],
    ["an empty answer", ({ response }: OwnRequest) => response.writeHead(200).end()],
    ["status 204", ({ response }: OwnRequest) => response.writeHead(204).end()],
  ] as const)
    it(`tells ${what} from an empty bucket`, () => listingIs(send, "NotS3", /not an S3 response|something else/));

  it("takes an empty bucket for one", () =>
    withOwnServer(
      (request) => sendXml(request, listingXml([], "<KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>")),
      async ({ store }) => assert.deepEqual(await listed(store), []),
    ));

  it("refuses a truncated listing without a continuation token", () =>
    listingIs(
      (request) => sendXml(request, listingXml([one], "<IsTruncated>true</IsTruncated>")),
      "BadListing",
      /is truncated/,
    ));

  it("refuses a listing that holds fewer objects than it says", () =>
    listingIs(
      (r) => sendXml(r, listingXml([one], "<KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>")),
      "BadListing",
      /2 objects/,
    ));

  it("refuses a listing that repeats a continuation token", async () => {
    const more = "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>";
    await listingIs((request) => sendXml(request, listingXml([], more)), "BadListing", /repeats a continuation token/);
    await listingIs((request) => sendXml(request, listingXml([one], more)), "BadListing", /repeats|twice/);
    let page = 0;
    const fresh = () => more.replace("again", `page-${page++}`);
    await listingIs((request) => sendXml(request, listingXml([one], fresh())), "BadListing", /"a.edf" twice/);
  });

  for (const size of ["NaN", "-5", "3.5", "many", "1e400"])
    it(`refuses the size "${size}" by name`, () =>
      listingIs((request) => sendXml(request, listingXml([{ ...one, size }])), "BadListing", /a\.edf/, /size/));

  for (const key of ["%ZZ.edf", "a%ED%A0%80.edf", "a&#xD800;.edf"])
    it(`tags the key ${key}`, () =>
      listingIs(
        (request) =>
          sendXml(
            request,
            listingXml([{ ...one, key }], "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"),
          ),
        "BadListing",
      ));

  it("refuses keys that were not asked for", () =>
    withOwnServer(
      (request) => sendXml(request, listingXml([one])),
      async ({ store }) => {
        await assert.rejects(
          async () => {
            for await (const _ of store.list("train/")); // to its end
          },
          is("BadListing", /which was not requested/),
        );
      },
    ));
});

describe("what a service's refusals are told as", () => {
  it("tells an archived object from one that is denied", () =>
    withOwnServer(
      serve((request) => {
        if (request.key === "bad.edf") sendXml(request, errorXml("InvalidObjectState"), 403);
        return request.key === "bad.edf";
      }),
      async ({ store }) => {
        await assert.rejects(store.read("bad.edf"), is("InvalidObjectState", /archived \(Glacier\)/));
        const { failed } = await pullObjects(store, await newFolder());
        assert.match(failed[0]!.reason, /archived/);
      },
    ));

  it("takes versitygw's unknown user for a fault of the login", () =>
    withOwnServer(
      (request) => sendXml(request, request.method === "HEAD" ? "" : errorXml("XAdminUserNotFound"), 404),
      async ({ store }) => {
        await assert.rejects(listed(store), is("InvalidAccessKeyId", /access key id/));
        await assert.rejects(store.stat("a.edf"), is("InvalidAccessKeyId"));
      },
    ));
});
