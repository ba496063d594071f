import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ICTAL, makeProject } from "../cluster/made-plan.js";

/** Longer than any verb takes to fail. */
const TIMEOUT_MILLISECONDS = 180_000;

test("every verb that writes says at once which folder cannot be made", async (context) => {
  if (!existsSync("/proc/self")) return context.skip("there is no /proc here");
  const { dir, config } = await makeProject(context, 2);
  const edf = join(dir, "corpus/edf/train/aaaaaaaa/s001_2010/01_tcp_ar/aaaaaaaa_s001_t000.edf");
  const notebook = join(dir, "empty.ipynb");
  await writeFile(notebook, JSON.stringify({ cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  const verbs = [
    ["cache", "build", "--config", config, "--cache-dir", "/proc/x"],
    ["train", "--config", config, "--set", "experiment.output_dir=/proc/x"],
    ["review", "--config", config, "--split", "train", "--out", "/proc/x"],
    ["shard", "plan", "cache", "--config", config, "--dir", "/proc/x"],
    ["corpus", "synth", "/proc/x"],
    ["edf", "deidentify", edf, "/proc/x/a.edf"],
    ["kernel", "install", "--prefix", "/proc/x"],
    ["notebook", "exec", notebook, "--log", "/proc/x/log"],
  ];
  for (const words of verbs) {
    const [program = "", ...rest] = [...ICTAL, ...words];
    const { status, stderr } = spawnSync(program, rest, { encoding: "utf8", timeout: TIMEOUT_MILLISECONDS });
    assert.equal(status, 1, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, /cannot write \/proc\/x\b.*choose/, words.join(" "));
  }
  assert.equal(existsSync(join(dir, "cache")), false, "train looks at its folder before it builds the cache");
});
