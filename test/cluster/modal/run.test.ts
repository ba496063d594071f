import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { projectPath } from "../../../src/base/project.js";
import type { Cloud, Sandbox, SandboxSpec } from "../../../src/cluster/modal/cloud.js";
import { modalCache, modalTrain } from "../../../src/cluster/modal/run.js";
import {
  aloneSandbox,
  cacheSandbox,
  type RemoteRun,
  remoteConfigFile,
  trainSandbox,
} from "../../../src/cluster/modal/sandboxes.js";
import { loadConfig } from "../../../src/config/load-config.js";

interface End {
  readonly exitCode: number;
  readonly stdout?: string;
}

/** A service whose sandboxes end as `endOf` says; a sandbox without an end runs until it is stopped. */
function fakeCloud(endOf: (spec: SandboxSpec, number: number) => End | undefined) {
  const specs: SandboxSpec[] = [];
  const stopped: string[] = [];
  const start = async (spec: SandboxSpec): Promise<Sandbox> => {
    const id = `sb-${specs.push(spec)}`;
    const end = endOf(spec, specs.length);
    let ended: (exitCode: number) => void = () => undefined;
    const exit = new Promise<number>((resolve) => {
      ended = resolve;
      if (end) resolve(end.exitCode);
    });
    return {
      id,
      stdout: (async function* () {
        await exit;
        yield end?.stdout ?? "";
      })(),
      stderr: (async function* () {
        yield `${id} works\n`;
        await exit;
      })(),
      wait: () => exit,
      stop: async () => {
        stopped.push(id);
        ended(137);
      },
    };
  };
  const refuse = async (): Promise<never> => assert.fail("not asked for");
  const cloud: Cloud = { start, list: refuse, open: refuse, close: () => undefined };
  return { cloud, specs, stopped };
}

async function runOf(name: string, set: string[] = [], environment = {}): Promise<RemoteRun> {
  const file = projectPath(`configs/${name}.yaml`);
  const { config } = await loadConfig(file, { environment, set });
  return { config, configFile: remoteConfigFile(file), set };
}

const trained = (steps: number, stopped: string): End => ({
  exitCode: 0,
  stdout: JSON.stringify({ steps, totalSteps: 300, stopped }),
});

test("training goes on in new sandboxes through max-hours, the time limit and a kill until it is finished", async () => {
  const ends: End[] = [trained(100, "max-hours"), { exitCode: 124 }, trained(200, "max-hours"), { exitCode: 137 }];
  const { cloud, specs } = fakeCloud((_, number) => ends[number - 1] ?? trained(300, "finished"));
  const { sandboxes, train } = await modalTrain(cloud, await runOf("tusz_train_a100"));
  assert.equal(sandboxes.length, 5);
  assert.equal(train.steps, 300);
  assert.deepEqual(
    specs.map(({ command }) => command.includes("--resume")),
    [false, true, true, true, true],
  );
});

test("training stops with a message when sandboxes bring it no further", async () => {
  const { cloud, specs } = fakeCloud(() => ({ exitCode: 124 }));
  await assert.rejects(
    modalTrain(cloud, await runOf("tusz_train_a100")),
    /2 sandboxes in a row .* ictal modal logs sb-2/,
  );
  assert.equal(specs.length, 2);
  const stuck = fakeCloud(() => trained(100, "max-hours"));
  await assert.rejects(modalTrain(stuck.cloud, await runOf("tusz_train_a100")), /2 sandboxes in a row/);
  assert.equal(stuck.specs.length, 3);
});

test("a training that fails is not tried again", async () => {
  const { cloud, specs } = fakeCloud(() => ({ exitCode: 1 }));
  await assert.rejects(
    modalTrain(cloud, await runOf("tusz_train_a100")),
    /train 1 ended with exit code 1 in sandbox sb-1/,
  );
  assert.equal(specs.length, 1);
});

test("an interrupt stops the sandbox and is told as one", async () => {
  const { cloud, stopped } = fakeCloud(() => undefined);
  const interrupt = new AbortController();
  const run = modalTrain(cloud, await runOf("tusz_train_a100"), {
    signal: interrupt.signal,
    onOutput: () => interrupt.abort(new DOMException("interrupted", "AbortError")),
  });
  await assert.rejects(run, { name: "AbortError" });
  assert.deepEqual(stopped, ["sb-1"]);
});

test("the cache is built by one sandbox per part, then the manifest is written by another", async () => {
  const { cloud, specs } = fakeCloud((spec) => ({
    exitCode: 0,
    stdout: spec.tags.job === "manifest" ? '{"key":"k"}' : "{}",
  }));
  const report = await modalCache(cloud, await runOf("tusz_train_a100"), { shards: 3 });
  assert.deepEqual(
    specs.map(({ tags }) => [tags.job, tags.part]),
    [
      ["cache", "0/3"],
      ["cache", "1/3"],
      ["cache", "2/3"],
      ["manifest", undefined],
    ],
  );
  assert.ok(specs.every(({ gpu, timeoutSeconds }) => gpu === undefined && timeoutSeconds === 86_400));
  assert.deepEqual(specs[1]!.command.slice(-2), ["--shard", "1/3"]);
  assert.equal(specs[3]!.command[2], "manifest");
  assert.deepEqual(report.manifest, { key: "k" });
});

test("a part that is cut off is tried again, one that fails stops neither the others nor is it hidden", async () => {
  let cuts = 0;
  const { cloud, specs } = fakeCloud(({ tags }) => {
    if (tags.part === "0/3" && cuts++ === 0) return { exitCode: 124 };
    return { exitCode: tags.part === "1/3" ? 1 : 0 };
  });
  await assert.rejects(
    modalCache(cloud, await runOf("tusz_train_a100"), { shards: 3 }),
    /cache 1\/3 ended with exit code 1/,
  );
  const parts = specs.map(({ tags }) => tags.part);
  assert.equal(parts.filter((part) => part === "0/3").length, 2);
  assert.ok(!specs.some(({ tags }) => tags.job === "manifest"));
});

test("a sandbox that is left alone builds the cache, then trains, as a shell reads it", async () => {
  const run = await runOf("smoke_test", ["experiment.description=it's new"]);
  const spec = aloneSandbox({ ...run, accept: "all" }, true);
  const [shell, flag, line] = spec.command;
  assert.deepEqual([shell, flag, spec.gpu, spec.tags.job], ["sh", "-c", "A100-80GB", "train"]);
  const said = spawnSync("sh", ["-c", `node() { printf '%s\\n' "$@"; }; ${line!.replace("exec ", "")}`], {
    encoding: "utf8",
  });
  assert.equal(said.status, 0, said.stderr);
  const words = said.stdout.trimEnd().split("\n");
  const second = words.indexOf("train") - 1;
  assert.deepEqual(words.slice(0, 3), ["src/cli/ictal.mjs", "cache", "build"]);
  assert.ok(words.slice(0, second).includes("experiment.description=it's new"));
  assert.deepEqual([words[second], words.at(-1)], ["src/cli/ictal.mjs", "--resume"]);
});

test("local paths become paths of the sandbox, and paths that it cannot have are refused", async () => {
  const { command } = trainSandbox(await runOf("smoke_test"), false);
  assert.ok(command.includes("data.data_dir=/data/edf/train"));
  assert.ok(command.includes("data.cache_dir=/results/cache/smoke"));
  assert.ok(command.includes("experiment.output_dir=/results/smoke"));
  const elsewhere = await runOf("smoke_test", ["data.cache_dir=/mnt/disk/cache"]);
  assert.throws(
    () => trainSandbox(elsewhere, false),
    /data\.cache_dir is \/mnt\/disk\/cache; in a sandbox there are \/data/,
  );
  const bucket = await runOf("smoke_test", ["data.data_dir=s3://other/tusz/edf"]);
  assert.ok(trainSandbox(bucket, false).command.includes("data.data_dir=s3://other/tusz/edf"));
  assert.throws(() => remoteConfigFile("/tmp/my.yaml"), /only that goes into the image; copy it/);
});

test("a smoke run limits itself to 50 recordings, others to what their configuration or BGB_LIMIT_FILES says", async () => {
  const smoke = await runOf("smoke_test");
  const { limit_files: _, ...data } = smoke.config.data;
  const unlimited = { ...smoke, config: { ...smoke.config, data } };
  assert.deepEqual(trainSandbox(unlimited, false).environment, { BGB_LIMIT_FILES: "50" });
  assert.deepEqual(cacheSandbox(smoke).environment, { BGB_LIMIT_FILES: "50" });
  assert.deepEqual(trainSandbox(await runOf("tusz_train_a100"), false).environment, {});
  const limited = await runOf("tusz_train_a100", [], { BGB_LIMIT_FILES: "8" });
  assert.deepEqual(trainSandbox(limited, false).environment, { BGB_LIMIT_FILES: "8" });
});
