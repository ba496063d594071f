/** The package as its users get it: packed, installed alone in an empty folder, away from this checkout. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { parseNotebook } from "../src/notebook/read-notebook.js";
import { type CellSpec, type CliRun, checkout, makeNotebook, temporaryFolder } from "./make-notebook.js";

const BYTES_LIMIT = 90e6;
const UNREACHABLE = /ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT/;

function run(command: string, words: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<CliRun> {
  const { ICTAL_KERNEL_PROJECT: _, NODE_PATH: __, ...inherited } = process.env; // nothing leads back to the checkout
  const child = spawn(command, words, { cwd, env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

let home: string;
let noNetwork: string | false = false;
let version: unknown;

const ictalJupyter = (words: readonly string[], cwd = home, env?: NodeJS.ProcessEnv) =>
  run(join(home, "node_modules/.bin/ictal-jupyter"), words, cwd, env);

before(async () => {
  home = await temporaryFolder();
  await writeFile(join(home, "package.json"), '{ "private": true }'); // npm looks no further up
  const packages = await temporaryFolder();
  const pack = await run(
    "npm",
    ["pack", "--workspace=kernels/typescript", "--ignore-scripts=false", `--pack-destination=${packages}`],
    checkout,
  );
  assert.equal(pack.code, 0, pack.stderr);
  const [tarball] = await readdir(packages);
  assert.ok(tarball);
  const offline = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  const install = await run("npm", ["install", ...offline, join(packages, tarball)], home);
  if (install.code !== 0 && UNREACHABLE.test(install.stderr))
    noNetwork = "npm's registry cannot be reached and its cache lacks a package";
  else assert.equal(install.code, 0, install.stderr);
  ({ version } = JSON.parse(await readFile(join(checkout, "kernels/typescript/package.json"), "utf8")) as {
    version: unknown;
  });
});

async function bytesBelow(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

const TSCONFIG = {
  compilerOptions: {
    target: "ES2022",
    module: "NodeNext",
    moduleResolution: "NodeNext",
    rootDir: "src",
    outDir: "dist",
    declaration: true,
    strict: true,
  },
  include: ["src"],
};

/** A TypeScript project that was never built and has nothing installed. */
async function makePlainProject(): Promise<string> {
  const dir = await temporaryFolder();
  await mkdir(join(dir, "src"));
  await mkdir(join(dir, "notebooks"));
  const manifest = { name: "plain-project", type: "module", exports: "./dist/index.js", types: "./dist/index.d.ts" };
  await writeFile(join(dir, "package.json"), JSON.stringify(manifest));
  await writeFile(join(dir, "tsconfig.json"), JSON.stringify(TSCONFIG));
  await writeFile(join(dir, "src/add.ts"), "export const add = (a: number, b: number): number => a + b;\n");
  await writeFile(
    join(dir, "src/index.ts"),
    'import { add } from "./add.js";\nexport const total = (values: readonly number[]): number => values.reduce(add, 0);\n',
  );
  return dir;
}

const PROJECT_CELLS: readonly (string | CellSpec)[] = [
  { code: "const seed: number = 2;", tags: ["parameters"] },
  'import { total } from "plain-project";\nimport { add } from "../src/add.js";\ntotal([1, add(seed, 1)])',
  { code: "const wrong: string = total([1]);", tags: ["raises-exception"] },
  'import { writeFileSync } from "node:fs";\nwriteFileSync("../src/add.ts", "export const add = (a: number, b: number): number => 10 * a + b;\\n");',
  "total([1, 2])",
  'import { display } from "@ictal/jupyter";\ndisplay([{ name: "a", count: 3 }]);',
];

/** Text of the outputs of each code cell of an executed notebook. */
async function outputsOf(path: string): Promise<string[]> {
  const { cells } = parseNotebook(await readFile(path, "utf8"), path);
  return cells.flatMap((cell) => (cell.cell_type === "code" ? [JSON.stringify(cell.outputs)] : []));
}

test("the package alone brings less than 90 MB and nothing of the project around it", async (t) => {
  if (noNetwork) return t.skip(noNetwork);
  const bytes = await bytesBelow(join(home, "node_modules"));
  t.diagnostic(`${(bytes / 1e6).toFixed(1)} MB of node_modules`);
  assert.ok(bytes < BYTES_LIMIT, `${bytes} bytes`);
  assert.ok(!existsSync(join(home, "node_modules/ictal")));
  const names = await readdir(join(home, "node_modules/@ictal/jupyter"), { recursive: true });
  assert.deepEqual(
    names.filter((name) => /\btest\b|\.ts$/.test(name) && !name.endsWith(".d.ts")),
    [],
  );
});

test("the command tells its version, and its help speaks of no particular field", async (t) => {
  if (noNetwork) return t.skip(noNetwork);
  assert.equal((await ictalJupyter(["--version"])).stdout.trim(), version);
  for (const verb of [[], ["exec"], ["params"], ["report"], ["lab"], ["kernel", "install"]]) {
    const { code, stdout } = await ictalJupyter([...verb, "--help"]);
    assert.equal(code, 0, verb.join(" "));
    assert.match(stdout, /^Usage: ictal-jupyter/);
    assert.doesNotMatch(stdout, /EEG|seizure|corpus|npx ictal |ictal notebook/i);
  }
  const readme = await readFile(join(home, "node_modules/@ictal/jupyter/README.md"), "utf8");
  assert.doesNotMatch(readme, /EEG|seizure/i);
});

test("a kernel is installed, listed and removed; its kernelspec names files that exist", async (t) => {
  if (noNetwork) return t.skip(noNetwork);
  const prefix = await temporaryFolder();
  const installed = await ictalJupyter(["kernel", "install", "--prefix", prefix, "--name", "mine", "--json"]);
  assert.equal(installed.code, 0, installed.stderr);
  const { directory } = JSON.parse(installed.stdout) as { directory: string };
  const spec = JSON.parse(await readFile(join(directory, "kernel.json"), "utf8")) as { argv: string[] };
  const files = spec.argv.filter((word) => word.startsWith("/"));
  assert.deepEqual(
    files.map((file) => existsSync(file)),
    [true, true],
  );
  const env = { JUPYTER_PATH: join(prefix, "share/jupyter") };
  const listed = await ictalJupyter(["kernel", "list", "--json"], home, env);
  const { kernels } = JSON.parse(listed.stdout) as { kernels: { name: string }[] };
  assert.deepEqual(
    kernels.map(({ name }) => name).filter((name) => ["ictal", "mine", "tslab"].includes(name)),
    ["ictal", "mine"],
  );
  assert.equal((await ictalJupyter(["kernel", "remove", "mine", "--prefix", prefix])).code, 0);
  assert.equal((await ictalJupyter(["kernel", "remove", "mine", "--prefix", prefix])).code, 2);
});

test("a notebook of a plain TypeScript project runs, checked, with the project's own name and edited files", async (t) => {
  if (noNetwork) return t.skip(noNetwork);
  const dir = await makePlainProject();
  const input = await makeNotebook(join(dir, "notebooks"), PROJECT_CELLS, { kernel: "ictal" });
  const { code, stdout, stderr } = await ictalJupyter(["exec", input, "-p", "seed", "5", "-o", "out", "--json"], dir);
  assert.equal(code, 0, stderr);
  const [executed] = (JSON.parse(stdout) as { notebooks: { output: string; report: string }[] }).notebooks;
  assert.ok(executed);
  const [, , total, wrong, , reloaded, table] = await outputsOf(executed.output); // the second cell is the injected one
  assert.match(total ?? "", /"text\/plain":"7"/);
  assert.match(wrong ?? "", /'number' is not assignable to type 'string'/);
  assert.match(reloaded ?? "", /"text\/plain":"12"/);
  assert.match(table ?? "", /<table/);

  const params = await ictalJupyter(["params", input, "--json"], dir);
  assert.match(params.stdout, /"name": "seed",\s+"type": "number",\s+"default": 2/);
  const html = join(dir, "page.html");
  assert.equal((await ictalJupyter(["report", executed.output, "-o", html], dir)).code, 0);
  assert.match(await readFile(html, "utf8"), /<table/);
});

test("a notebook outside of any project runs with the package's own module and Node's, checked", async (t) => {
  if (noNetwork) return t.skip(noNetwork);
  const dir = await temporaryFolder();
  const cells = [
    'import { kernel } from "@ictal/jupyter";\nimport { basename } from "node:path";\n[kernel.executionCount, basename("a/b")]',
    { code: "const wrong: string = kernel.executionCount;", tags: ["raises-exception"] },
  ];
  const input = await makeNotebook(dir, cells, { kernel: "ictal" });
  const { code, stderr } = await ictalJupyter(["exec", input, "-o", "out", "--no-report"], dir);
  assert.equal(code, 0, stderr);
  const [values, wrong] = await outputsOf(join(dir, "out/input.ipynb"));
  assert.match(values ?? "", /\[ 1, 'b' \]/);
  assert.match(wrong ?? "", /'number' is not assignable to type 'string'/);
  assert.deepEqual((await readdir(dir)).sort(), ["input.ipynb", "out"]);
});

test("wrong use ends with code 2 and one message that says what is wrong", async (t) => {
  if (noNetwork) return t.skip(noNetwork);
  const broken = join(home, "broken.ipynb");
  await writeFile(broken, "{");
  const notebook = await makeNotebook(home, ["1"], { kernel: "ictal" });
  const cases: readonly [words: string[], message: RegExp][] = [
    [["exec", "absent.ipynb"], /no notebook at absent\.ipynb/],
    [["exec"], /name a notebook, e\.g\. ictal-jupyter exec/],
    [["exec", broken], /broken\.ipynb:1: not JSON/],
    [["exec", notebook, "-k", "absent"], /no kernel called "absent"; known kernels: ictal/],
    [["exec", notebook, "-p", "absent", "1"], /absent/],
    [["exec", notebook, "--bogus"], /unknown option --bogus/],
    [["params", "absent.ipynb"], /absent\.ipynb/],
    [["report", broken], /broken\.ipynb/],
    [["kernel", "install", "tslab"], /"tslab" is no kernel that comes with this program/],
    [["kernel", "install", "--env", "1"], /NAME=VALUE/],
    [["absent"], /unknown command 'absent'/],
  ];
  for (const [words, message] of cases) {
    const { code, stdout, stderr } = await ictalJupyter(words);
    assert.equal(code, 2, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.equal(stdout, "");
  }
});

test("lab says what it needs where there is no Python", async (t) => {
  if (noNetwork) return t.skip(noNetwork);
  const { code, stderr } = await ictalJupyter(["lab", "--prepare"], await makePlainProject(), {
    ICTAL_LAB_PYTHON: join(home, "absent-python"),
  });
  assert.equal(code, 1);
  assert.match(stderr, /JupyterLab needs Python.*ICTAL_LAB_PYTHON/);
});
