// The published package: its size, its doors and its types, installed into an empty project beside the kernel's package.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { packageDir } from "../../src/base/project.js";
import { ImportGraph } from "../runner/import-graph.js";
import { EXAMPLES } from "./examples.js";

const run = promisify(execFile);
const NPM_FLAGS = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
const MOST_BYTES = 3_000_000;

let home: string;
let packed: { root: string; jupyter: string };

const npm = (words: readonly string[], cwd: string) => run("npm", [...words], { cwd, maxBuffer: 1 << 26 });

async function pack(words: readonly string[]): Promise<string> {
  const { stdout } = await npm(
    ["pack", "--json", "--ignore-scripts=false", "--pack-destination", home, ...words],
    packageDir,
  );
  const [found] = JSON.parse(stdout.slice(stdout.indexOf("["))) as { filename: string }[]; // npm's own format
  return join(home, found!.filename.replace("@", "").replace("/", "-"));
}

before(async () => {
  home = await mkdtemp(join(tmpdir(), "ictal-pack-"));
  packed = { root: await pack([]), jupyter: await pack(["-w", "kernels/typescript"]) };
});
after(() => rm(home, { recursive: true, force: true }));

async function project(name: string): Promise<string> {
  const folder = join(home, name);
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), '{ "name": "mine", "type": "module", "private": true }\n');
  return folder;
}

test("the package is small, and brings neither tests nor notebooks", async () => {
  const { size } = await stat(packed.root);
  assert.ok(size < MOST_BYTES, `${size} bytes`);
  const { stdout } = await run("tar", ["-tzf", packed.root], { maxBuffer: 1 << 26 });
  const files = stdout.trim().split("\n");
  assert.deepEqual(
    files.filter((path) => /\/(test|notebooks|\.ci|\.cache)\/|tsbuildinfo/.test(path)),
    [],
  );
  assert.ok(
    files.includes("package/node_modules/@ictal/base/package.json"),
    "what it shares with the kernel is bundled",
  );
});

test("every door works in another project: the example of each is checked by the compiler and runs", async () => {
  const folder = await project("whole");
  await npm(["install", ...NPM_FLAGS, packed.root, packed.jupyter], folder);
  await mkdir(join(folder, "src"));
  for (const [door, code] of Object.entries(EXAMPLES)) await writeFile(join(folder, "src", `${door}.ts`), code);
  await writeFile(
    join(folder, "src/all.ts"),
    'import * as ictal from "ictal";\nif (!ictal.scoreSzcore) throw new Error();\n',
  );
  const compilerOptions = {
    target: "ES2022",
    module: "NodeNext",
    outDir: "out",
    rootDir: "src",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    types: ["node"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  const tsc = join(folder, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", "."], { cwd: folder }).catch((error: { stdout: string }) => {
    assert.fail(error.stdout);
  });
  for (const door of [...Object.keys(EXAMPLES), "all"])
    await run(process.execPath, [`out/${door}.js`], { cwd: folder });
  const { stdout } = await run(process.execPath, ["node_modules/ictal/src/cli/ictal.mjs", "--version"], {
    cwd: folder,
  });
  const { version } = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8")) as { version: string }; // our own
  assert.equal(stdout.trim(), version);
});

test("once the kernel's package is taken away the library works, and its notebook functions say what to install", async () => {
  const folder = join(home, "whole"); // what is optional goes away, as if it had not been installed
  await npm(["uninstall", ...NPM_FLAGS, "--omit=optional", "@ictal/jupyter"], folder);
  await assert.rejects(stat(join(folder, "node_modules/@ictal/jupyter")), /ENOENT/);
  const code = `import { display, scoreSzcore } from "ictal";
if (typeof scoreSzcore !== "function") throw new Error("no scorer");
try { display(1); } catch (error) { console.log(error.name + ": " + error.message); }`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd: folder });
  assert.match(stdout, /UnsupportedError: .*npm install @ictal\/jupyter/);
});

test("the doors edf and scoring load no package but Node's own", () => {
  const graph = new ImportGraph();
  for (const door of ["edf", "scoring"]) {
    const reached = graph.reach(join(packageDir, `dist/src/exports/${door}.js`));
    const packages = [...reached.keys()].flatMap((path) => graph.of(path).packages);
    const foreign = new Set(packages.filter((name) => !name.startsWith("node:") && !name.startsWith("@ictal/base/")));
    assert.deepEqual([...foreign], [], door);
  }
});
