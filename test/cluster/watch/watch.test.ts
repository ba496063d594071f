import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { silentProgress } from "@ictal/base/progress";
import { metricsText } from "../../../src/cluster/watch/metrics-text.js";
import { redact } from "../../../src/cluster/watch/redact.js";
import { watchRun } from "../../../src/cluster/watch/run-watch.js";
import { postWebhook, webhookAddress } from "../../../src/cluster/watch/webhook.js";
import { temporaryFolder } from "../../cache/made-cache.js";
import { startHook } from "./hook.js";

const quick = { pausesMilliseconds: [1, 1, 1], timeoutMilliseconds: 2000 };

test("a webhook is told again after faults that may pass, and not after a refusal for good", async (context) => {
  const moody = await startHook(context, [503, 0, 429]);
  assert.equal(await postWebhook(new URL(moody.url), { a: 1 }, quick), undefined);
  assert.deepEqual(
    moody.received.map(({ body }) => body),
    Array.from({ length: 4 }, () => ({ a: 1 })),
  );
  assert.equal(moody.received[0]!.headers["content-type"], "application/json");
  const gone = await startHook(context, [404]);
  const reason = await postWebhook(new URL(gone.url), {}, quick);
  assert.equal(reason, `the webhook at 127.0.0.1:${gone.port} was not notified: it answered 404 (1 attempts)`);
});

test("an address that nobody serves, and one that does not answer, end in a reason that hides the path", async () => {
  const reason = await postWebhook(new URL("http://127.0.0.1:1/T0PSECRET"), {}, { pausesMilliseconds: [1] });
  assert.match(reason!, /^the webhook at 127\.0\.0\.1:1 was not notified: .+ \(2 attempts\)$/);
  assert.ok(!reason!.includes("T0PSECRET"));
});

test("name and password of an address travel as a header, not in the request's line", async (context) => {
  const { port, received } = await startHook(context);
  assert.equal(await postWebhook(new URL(`http://me:p%40ss@127.0.0.1:${port}/`), {}, quick), undefined);
  assert.equal(received[0]!.headers.authorization, `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
});

test("a webhook's times that are none are refused by name", async () => {
  const to = new URL("http://127.0.0.1:1/");
  for (const timeoutMilliseconds of [0, -1, Number.NaN, 1.5, 1e12])
    await assert.rejects(postWebhook(to, {}, { timeoutMilliseconds }), /RangeError: invalid timeoutMilliseconds/);
  await assert.rejects(postWebhook(to, {}, { pausesMilliseconds: [Number.NaN] }), /RangeError: invalid pausesM/);
});

test("a webhook that is no address is refused without repeating it", () => {
  assert.equal(webhookAddress({}), undefined);
  for (const wrong of ["hooks.example.org/T0PSECRET", "file:///etc/passwd"])
    assert.throws(
      () => webhookAddress({ ICTAL_WEBHOOK: wrong }),
      (error: Error) =>
        /ICTAL_WEBHOOK is not a URL; expected http/.test(error.message) && !error.message.includes(wrong),
    );
});

test("a run beats in its folder and the watch folder, and its end reaches file, metrics and webhook", async (context) => {
  const dir = await temporaryFolder(context);
  const { url, received } = await startHook(context);
  const environment = { ICTAL_WEBHOOK: url, ICTAL_WATCH_DIR: join(dir, "w"), MY_TOKEN: "abcdef123" };
  const watch = watchRun("cache build", { environment, warn: assert.fail, webhook: quick });
  await watch.begin("smoke 0/4", { path: join(dir, "run") });
  const read = async (path: string) => JSON.parse(await readFile(join(dir, path), "utf8"));
  const first = await read("run/heartbeat.json");
  assert.deepEqual(
    [first.verb, first.name, first.state, first.pid],
    ["cache build", "smoke 0/4", "running", process.pid],
  );
  assert.equal(first.progressAt, null);
  watch.follow(silentProgress).update({ label: "x", done: 2, total: 8, unit: "recordings" });
  watch.update({ windowsPerSecond: 3.5 });
  await watch.end({ exitCode: 1, message: "refused: abcdef123\nmore", result: { built: 2, list: [1] } });
  const last = await read("w/cache-build-smoke-0-4.json");
  assert.deepEqual(last, await read("run/heartbeat.json"));
  assert.deepEqual(
    [last.state, last.exitCode, last.message, last.progress],
    ["failed", 1, "refused: ***\nmore", { done: 2, total: 8, windowsPerSecond: 3.5 }],
  );
  assert.match(
    await readFile(join(dir, "w/cache-build-smoke-0-4.prom"), "utf8"),
    /^ictal_windows_per_second\{verb="cache build",run="smoke 0\/4",host=".+"\} 3\.5$/m,
  );
  const { body } = received[0]!;
  assert.deepEqual([body.state, body.exitCode, body.result], ["failed", 1, { built: 2 }]);
  assert.match(String(body.text), /^ictal cache build smoke 0\/4 failed on .+ after \d+ s: refused: \*\*\*$/);
  assert.deepEqual(await readdir(join(dir, "run")), ["heartbeat.json"]);
});

test("a run writes nothing while another is at work in its folder, and beats once it is not", async (context) => {
  const dir = await temporaryFolder(context);
  const path = join(dir, "heartbeat.json");
  const others = { "heartbeat.json": "theirs", "heartbeat.json.tmp-1-1": "half of theirs" };
  for (const [name, text] of Object.entries(others)) await writeFile(join(dir, name), text);
  let isOurs = false;
  const start = async () => {
    const watch = watchRun("train", { environment: { ICTAL_WATCH_DIR: join(dir, "w") }, warn: assert.fail });
    await watch.begin("x", { path: dir, isOurs: async () => isOurs });
    return watch;
  };
  await (await start()).end({ exitCode: 1 });
  assert.deepEqual((await readdir(dir)).sort(), Object.keys(others), "no heartbeat elsewhere either");
  for (const [name, text] of Object.entries(others)) assert.equal(await readFile(join(dir, name), "utf8"), text);
  const watch = await start();
  isOurs = true;
  await watch.end({ exitCode: 0 });
  assert.equal(JSON.parse(await readFile(path, "utf8")).state, "done");
  assert.deepEqual((await readdir(dir)).sort(), ["heartbeat.json", "w"]);
});

test("a folder that cannot be written and a webhook that is away are told in a line each and cost the run nothing", async (context) => {
  const dir = await temporaryFolder(context);
  await writeFile(join(dir, "file"), "");
  const told: string[] = [];
  const environment = { ICTAL_WEBHOOK: "http://127.0.0.1:1/", ICTAL_WATCH_DIR: join(dir, "file/w") };
  const watch = watchRun("train", {
    environment,
    warn: (text) => told.push(text),
    webhook: { pausesMilliseconds: [] },
  });
  await watch.begin("x");
  await watch.end({ exitCode: 0 });
  assert.equal(told.length, 3);
  assert.match(told[0]!, /^the heartbeat cannot be written: .*; the run continues$/);
  assert.match(told[2]!, /^the webhook at 127\.0\.0\.1:1 was not notified/);
});

test("secrets of the environment and passwords in addresses are hidden", () => {
  const environment = {
    AWS_SECRET_ACCESS_KEY: "s3cr3ts3cr3t",
    ICTAL_WEBHOOK: "https://h.example/T0P",
    HOME: "/home/me",
  };
  const text = "s3cr3ts3cr3t at https://h.example/T0P and http://me:word@proxy:80/ in /home/me";
  assert.equal(redact(text, environment), "*** at *** and http://***@proxy:80/ in /home/me");
});

test("a secret of six characters is hidden, one of five is a word that stays, and the longer of two is hidden whole", () => {
  const environment = {
    A_TOKEN: "epoch",
    B_TOKEN: "abcdef",
    C_TOKEN: "abcdef-more",
    D_TOKEN: undefined,
    OTHER: "epochs",
  };
  assert.equal(redact("epoch 3 of abcdef, abcdef-more, epochs", environment), "epoch 3 of ***, ***, epochs");
});

test("metrics are gauges in Prometheus' text, labels quoted", () => {
  const text = metricsText({ totalSteps: 4, loss: Number.NaN, x: Number.POSITIVE_INFINITY }, { run: 'a"b\\c' });
  assert.equal(
    text,
    ["total_steps", "4", "loss", "NaN", "x", "+Inf"]
      .flatMap((word, i, all) =>
        i % 2 === 0 ? [`# TYPE ictal_${word} gauge\nictal_${word}{run="a\\"b\\\\c"} ${all[i + 1]}\n`] : [],
      )
      .join(""),
  );
});
