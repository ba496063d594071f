import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { message, startLoopback } from "./loopback.js";

const main = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

/** Runs a verb with no account of the user's own in sight. */
async function ictal(args: readonly string[], environment: Record<string, string> = {}) {
  const { ICTAL_MODAL_BUCKET: _, ...env } = process.env;
  const child = spawn(process.execPath, [main, "modal", ...args], {
    env: { ...env, MODAL_SERVER_URL: "http://127.0.0.1:9", MODAL_CONFIG_PATH: "/dev/null", ...environment },
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, ...text };
}

test("modal train without a bucket, or with a configuration from elsewhere, is wrong use", async () => {
  const { status, stderr } = await ictal(["train"]);
  assert.equal(status, 2);
  assert.match(stderr, /missing --bucket NAME \(or ICTAL_MODAL_BUCKET\)/);
  const prefix = await ictal(["train", "--bucket-prefix", "tusz"]);
  assert.equal(prefix.status, 2);
  assert.match(prefix.stderr, /a folder with "\/" at its end/);
  const config = await ictal(["cache", "--bucket", "b", "--config", "package.json"]);
  assert.equal(config.status, 2);
});

test("modal status without credentials says where they come from", async () => {
  const { status, stderr } = await ictal(["status", "--all"]);
  assert.equal(status, 1);
  assert.match(stderr, /MODAL_TOKEN_ID and MODAL_TOKEN_SECRET/);
});

test("modal status and stop print one JSON document about the run's sandboxes", async (context) => {
  let lists = 0;
  const id = "sb-0123456789012345678901";
  const token = [{ alg: "none" }, { exp: Math.floor(Date.now() / 1000) + 3600 }]
    .map((value) => Buffer.from(JSON.stringify(value)).toString("base64url"))
    .join(".");
  const server = await startLoopback({
    AuthTokenGet: () => [message({ 1: `${token}.x` })],
    AppGetOrCreate: () => [message({ 1: "ap-1" })],
    SandboxList: () => [lists++ % 2 === 0 ? message({ 1: message({ 1: id }) }) : message({})],
    SandboxTagsGet: () => [message({ 1: [message({ 1: "run", 2: "smoke_test" }), message({ 1: "job", 2: "train" })] })],
    SandboxTerminate: () => [message({})],
  });
  context.after(() => server.close());
  const account = { MODAL_SERVER_URL: server.url, MODAL_TOKEN_ID: "ak-test", MODAL_TOKEN_SECRET: "as-test" };
  const found = await ictal(["status", "--config", "configs/smoke_test.yaml", "--json"], account);
  assert.equal(found.status, 0, found.stderr);
  assert.deepEqual(JSON.parse(found.stdout), { sandboxes: [{ id, tags: { run: "smoke_test", job: "train" } }] });
  const stopped = await ictal(["stop", "--config", "configs/smoke_test.yaml", "--json"], account);
  assert.deepEqual(JSON.parse(stopped.stdout), { stopped: [id] });
  assert.ok(server.calls.some(({ method }) => method === "SandboxTerminate"));
});
