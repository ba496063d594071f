import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findKernelspec } from "../../src/kernelspec.js";
import { runCli, temporaryFolder } from "../make-notebook.js";

test("the ictal kernel is found by name with nothing installed, and interrupts by message", async () => {
  const spec = await findKernelspec("ictal");
  assert.deepEqual([spec.origin, spec.language, spec.interruptMode], ["project", "typescript", "message"]);
});

test("kernel install writes memory, flags of Node and environment into the kernelspec of either kernel", async () => {
  const prefix = await temporaryFolder();
  const flags = [
    "--max-old-space-size",
    "4096",
    "--node-option=--max-semi-space-size=64",
    "--env",
    "A=b=c",
    "--env",
    "E=",
  ];
  for (const [kernel, folder] of [
    ["ictal", "typescript/kernel"],
    ["tslab", "tslab"],
  ] as const) {
    const words = ["kernel", "install", kernel, "--prefix", prefix, "--name", `big-${kernel}`, ...flags, "--json"];
    const { code, stdout, stderr } = await runCli(words, { cwd: prefix });
    assert.equal(code, 0, stderr);
    const { directory } = JSON.parse(stdout) as { directory: string };
    const json = JSON.parse(await readFile(join(directory, "kernel.json"), "utf8")) as { argv: string[]; env: unknown };
    assert.deepEqual(json.argv.slice(0, 3), [
      process.execPath,
      "--max-old-space-size=4096",
      "--max-semi-space-size=64",
    ]);
    assert.equal(json.argv.at(-1), "{connection_file}");
    const own = (await findKernelspec(kernel)).env;
    assert.deepEqual(json.env, { ...own, A: "b=c", E: "" });
    assert.match(json.argv.at(-2)!, new RegExp(`kernels/${folder}/launcher\\.mjs$`));
  }
});

test("kernel install installs ictal unless another is named, and refuses what it cannot write", async () => {
  const prefix = await temporaryFolder();
  const run = (...words: string[]) => runCli(["kernel", "install", "--prefix", prefix, ...words], { cwd: prefix });
  const { stdout } = await run("--json");
  assert.equal((JSON.parse(stdout) as { kernel: string }).kernel, "ictal");
  assert.deepEqual([(await run("--max-old-space-size", "much")).code, (await run("--env", "novalue")).code], [2, 2]);
});
