import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createProgram, listProgram } from "../../src/cli/program.js";
import { runVerb } from "./verb-thread.js";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const sources = ["kernel.ts", "lab.ts"].map((name) => `kernels/typescript/src/cli/${name}`);
const project = fileURLToPath(new URL("../../../", import.meta.url));

function ictal(...args: string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
}

/** The verbs that the files of src/cli, and two of the kernel's package, add to the program itself. */
function verbsOfSources(): string[] {
  const own = readdirSync(`${project}src/cli`).map((name) => `src/cli/${name}`);
  const texts = [...own, ...sources]
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(`${project}${name}`, "utf8"));
  return texts.flatMap((text) => [...text.matchAll(/\bprogram\s*\.command\("(\w+)/g)].map((found) => found[1]!)).sort();
}

test("ictal --help lists every verb, and each verb is found by its own name", () => {
  const help = ictal("--help");
  assert.equal(help.status, 0, help.stderr);
  const listed = [...help.stdout.matchAll(/^ {2}([a-z]\w*)[ |]/gm)].map((found) => found[1]!);
  assert.deepEqual(listed.filter((verb) => verb !== "help").sort(), verbsOfSources());
  for (const verb of verbsOfSources()) {
    const { status, stdout, stderr } = runVerb([verb, "--help"]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`^Usage: ictal ${verb}`));
  }
});

test("the list of ictal --help, made without loading a command, is that of the commands themselves", async () => {
  assert.equal(listProgram().helpInformation(), (await createProgram()).helpInformation());
});

test("ictal --version and the help of one verb", () => {
  const { version } = JSON.parse(readFileSync(`${project}package.json`, "utf8")) as { version: string };
  const asked = ictal("--version");
  assert.deepEqual([asked.status, asked.stdout], [0, `${version}\n`]);
  const ways = [ictal("help", "edf"), ictal("edf", "--help")];
  assert.deepEqual([ways[0]!.status, ways[0]!.stdout], [0, ways[1]!.stdout]);
  const none = ictal();
  assert.deepEqual([none.status, none.stdout], [2, ""]);
  assert.match(none.stderr, /^Usage: ictal \[options\] \[command\]/);
});

test("a reader that leaves before the output is there is no error", async () => {
  const child = spawn(process.execPath, [main, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  const [stderr, code] = await Promise.all([text(child.stderr), once(child, "exit").then(([status]) => status)]);
  assert.deepEqual([code, stderr], [0, ""]);
});

const full = existsSync("/dev/full") ? false : "/dev/full is Linux's";
test("output that a full disk does not take is told without a stack, and is exit code 1", { skip: full }, () => {
  const disk = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, [main, "--help"], {
    stdio: ["ignore", disk, "pipe"],
    encoding: "utf8",
  });
  closeSync(disk);
  assert.deepEqual([status, stderr.split("\n").length], [1, 2]);
  assert.match(stderr, /^ictal: the output cannot be written.*ENOSPC/);
});

test("an unknown verb is wrong use and the nearest one is named", () => {
  const { status, stderr } = ictal("corpsu");
  assert.equal(status, 2);
  assert.match(stderr, /unknown command 'corpsu'/);
  assert.match(stderr, /corpus/);
});
