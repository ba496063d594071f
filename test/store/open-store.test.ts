import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "../../src/store/open-store.js";
import { withBucket } from "./s3-fixture.js";

test("openStore reads a public bucket unsigned when ICTAL_S3_ANONYMOUS says so", () =>
  withBucket({ "a.txt": "text" }, { allowAnonymous: true }, async ({ server }) => {
    const before = { ...process.env };
    Object.assign(process.env, { AWS_ENDPOINT_URL: server.endpoint, ICTAL_S3_ANONYMOUS: "1" });
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"]) delete process.env[name];
    try {
      const store = openStore("s3://corpus");
      assert.equal(Buffer.from(await store.read("a.txt")).toString(), "text");
      await store.close?.();
    } finally {
      process.env = before;
    }
  }));

test("openStore refuses addresses of other kinds", () => {
  assert.throws(() => openStore("gs://bucket"), /"gs" is not supported, expected a folder or s3:\/\/bucket\/prefix/);
  assert.throws(() => openStore("s3://"), /invalid S3 URL/);
  assert.throws(() => openStore(""), /it is empty/);
});
