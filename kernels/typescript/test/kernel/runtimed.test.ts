/*
 * The kernel beside runtimed's own programs, which Zed and nteract are built on: the parser of its crates reads every message
 * of the 27 checks, and, where ICTAL_KERNEL_TESTBED names a checkout of runtimed/kernel-testbed, that runs as published,
 * built with the crates of the registry in place of its main branch.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { installKernelspec } from "../../src/kernelspec.js";
import { packageDir } from "../../src/project.js";
import { checkout, temporaryFolder } from "../make-notebook.js";
import { startKernel } from "./start-kernel.js";
import { CHECKS, typeScript } from "./testbed-checks.js";

const OLDEST = 80;
const BUILD_MILLISECONDS = 600_000;
const CRATES = {
  "jupyter-protocol": '"=1.5.0"',
  runtimelib: '{ version = "=1.6.0", features = ["tokio-runtime", "ring"] }',
};

const said = spawnSync("cargo", ["--version"], { encoding: "utf8" }).stdout ?? "";
const minor = Number(/^cargo 1\.(\d+)/.exec(said)?.[1] ?? 0);
const noCargo = minor >= OLDEST ? false : `cargo 1.${OLDEST} or newer is needed (found ${said.trim() || "none"})`;
const { ICTAL_KERNEL_TESTBED: testbed } = process.env;

/** Runs a program to its end with `input`; its output, or an error with what it said. */
function run(
  command: string,
  words: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
) {
  return new Promise<string>((resolve, reject) => {
    const child = spawn(command, words, { cwd: options.cwd, env: options.env, stdio: "pipe" });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(stdout) : reject(new Error(`${command}: ${stderr}${stdout}`))));
    child.stdin.end(options.input ?? "");
  });
}

/** Builds the package in `folder`, whose `target` a later run finds again; undefined where the registry cannot be reached. */
async function build(folder: string, binary: string): Promise<string | undefined> {
  try {
    await run("cargo", ["build", "--quiet"], { cwd: folder });
  } catch (error) {
    if (/failed to (?:download|fetch|get)|Could not resolve|network/i.test((error as Error).message)) return undefined;
    throw error;
  }
  return join(folder, "target/debug", binary);
}

test("the parser of runtimed's crates reads every message of the checks", {
  skip: noCargo,
  timeout: BUILD_MILLISECONDS,
}, async (context) => {
  const folder = join(checkout, ".build/runtimed-reader");
  await mkdir(folder, { recursive: true });
  await cp(join(packageDir, "test/runtimed"), folder, { recursive: true });
  const reader = await build(folder, "ictal-runtimed-reader");
  if (!reader) return context.skip("the registry of crates cannot be reached");
  const kernel = await startKernel({ name: "ictal" });
  try {
    for (const check of Object.values(CHECKS)) await check(kernel, typeScript("@ictal/jupyter"));
    await kernel.stop();
    const lines = kernel.messages.map(({ message: { header, content } }) => JSON.stringify({ header, content }));
    assert.ok(lines.length > 100, `${lines.length} messages`);
    assert.equal(await run(reader, [], { input: `${lines.join("\n")}\n` }), "");
  } finally {
    await kernel.stop();
  }
});

test("kernel-testbed, as published, passes 27 of 27", {
  skip: noCargo || (testbed === undefined && "ICTAL_KERNEL_TESTBED names no checkout of runtimed/kernel-testbed"),
  timeout: BUILD_MILLISECONDS,
}, async (context) => {
  const folder = join(checkout, ".build/kernel-testbed");
  for (const name of ["src", "snippets"]) await rm(join(folder, name), { recursive: true, force: true });
  await cp(testbed!, folder, {
    recursive: true,
    filter: (source) => !/[\\/](?:\.git|target|Cargo\.lock)$/.test(source),
  });
  const manifest = await readFile(join(folder, "Cargo.toml"), "utf8");
  const pinned = Object.entries(CRATES).reduce(
    (text, [name, version]) => text.replace(new RegExp(`^${name} = .*$`, "m"), `${name} = ${version}`),
    manifest,
  );
  await writeFile(join(folder, "Cargo.toml"), pinned);
  const program = await build(folder, "jupyter-kernel-test");
  if (!program) return context.skip("the registry of crates cannot be reached");
  const prefix = await temporaryFolder();
  await installKernelspec("ictal", { prefix });
  const env = {
    ...process.env,
    JUPYTER_PATH: join(prefix, "share/jupyter"),
    ICTAL_HISTORY: join(prefix, "history.jsonl"),
  };
  const report = await run(program, ["ictal"], { env, cwd: prefix });
  assert.match(report, /Total: 27\/27/, report);
});
