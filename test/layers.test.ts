import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { cyclesOf } from "./measure/cycles.js";
import { type Import, importsOf, packageOf } from "./measure/imports.js";
import { filesUnder, parseSource, parseText, project } from "./measure/sources.js";

/** Layers of src/, the lowest first: a layer imports only from those before it. CONTRIBUTING.md draws them. */
const order = [
  "base",
  "store",
  "recording",
  "signal",
  "corpus",
  "cache",
  "dataset",
  "tensor",
  "model",
  "training",
  "scoring",
  "config",
  "plots",
  "cluster",
  "exports",
  "cli",
];
/** Layers that may import only these (and themselves), whatever stands before them. */
const only: Record<string, string[]> = {
  signal: ["base"],
  tensor: ["base"],
  scoring: ["base"],
  model: ["base", "tensor"],
};
/** Folders inside a layer or a package, the lowest first; "." is the files of the folder itself, without its index.ts. */
const inside: Record<string, string[]> = {
  "src/cluster": [".", "crossval", "modal", "slurm", "watch"],
  "src/corpus": [".", "synthetic"],
  "src/dataset": [".", "npz"],
  "src/model": [".", "detectors"],
  "src/plots": [".", "review/view", "review", "review/client"],
  "src/scoring": [".", "nedc"],
  "src/store": [".", "server"],
  "src/tensor": [".", "tensorflow"],
  "kernels/typescript/src": [
    "wire",
    "views",
    ".",
    "browser",
    "notebook",
    "parameters",
    "kernel",
    "widgets",
    "resume",
    "runner",
    "report",
    "check",
    "lab",
    "cli",
  ],
  "kernels/typescript/src/kernel": [
    "project",
    "threads",
    "cell-api",
    "views",
    "language",
    "magics",
    "modules",
    "protocol",
    "session",
    ".",
  ],
};
/** Imports against the order of `inside`, from folder to folder, each with its reason. Files still form no cycle. */
const againstOrder: Record<string, string> = {
  "src/corpus -> src/corpus/synthetic": "bucket.ts serves the synthetic corpus as one of its sources",
  "src/model -> src/model/detectors": "registry.ts lists the detectors, each of which uses the files beside it",
  "src/scoring -> src/scoring/nedc": "breakdowns and intervals count by NEDC's rules, which use the event lists",
  "src/tensor -> src/tensor/tensorflow": "candidates.ts lists the executors",
  "src/cluster -> src/cluster/watch": "run-command.ts posts to the webhook",
};
/** Modules whose target is known only at run time. */
const computedImports: Record<string, string> = {
  "src/base/worker-pool.ts": "a module whose URL the caller gives, where it is seen",
  "src/tensor/optional.ts": "optional packages, by name",
  "kernels/prepare.mjs": "a thread from a text, without imports",
  "kernels/typescript/bin/ictal-jupyter.mjs": "kernels/prepare.mjs, in a checkout only",
  "kernels/typescript/kernel/launcher.mjs": "kernels/prepare.mjs, in a checkout only",
};
/** What runs before anything is compiled, and therefore names source files of another package. */
const beforeBuild = [
  "src/cli/ensure-built.mjs -> kernels/base/src/lock-file.mjs",
  "kernels/prepare.mjs -> src/cli/ensure-built.mjs",
];

const SCRIPT = /(?<!\.d)\.(ts|mts|mjs)$/;
const paths = [...filesUnder("src", SCRIPT), ...filesUnder("kernels", SCRIPT)].filter(
  (path) => !path.startsWith("kernels/typescript/test/"),
);
const sources = paths.map((path) => parseSource(path));
const found = sources.map((source) => ({ path: source.path, ...importsOf(source) }));
const imports: Import[] = found.flatMap(({ known }) => known);
const fileImports = imports.filter(({ isFile }) => isFile);
const packageImports = imports.filter(({ isFile }) => !isFile);
const arrow = ({ file, target }: { file: string; target: string }) => `${file} -> ${target}`;

/** The package that a file belongs to. */
const ownerOf = (path: string) =>
  /^kernels\/(base|typescript|tslab)\//.exec(path)?.[0] ?? (path.startsWith("src/") ? "src/" : "kernels/");
/** The layer of a file of src/; a file of src/ itself is its own. */
const layerOf = (path: string) => path.split("/")[1] ?? "";
const inSrc = (path: string) => path.startsWith("src/");
/** Files that only re-export what lies in folders beside them. */
const doors = ["src/index.ts", "kernels/typescript/src/index.ts", "kernels/typescript/src/typescript.ts"];
const isDoor = (path: string) => doors.includes(path);

test("importsOf sees declarations, types, dynamic imports, requires, workers and children", () => {
  const text = [
    'import a from "./a.js";',
    'import type { B } from "../b.js";',
    'export * from "zod";',
    'type C = import("./c.js").C;',
    'const d = await import("./d.js");',
    'const e = createRequire(import.meta.url)("@scope/e/part");',
    'new Worker(new URL("./f.js", import.meta.url));',
    'fork(fileURLToPath(new URL("g.js", import.meta.url)));',
    'const h = new URL("../../", import.meta.url);',
    "await import(name); new Worker(path);",
  ].join("\n");
  const { known, computed } = importsOf({ path: "src/x/y.ts", text, tree: parseText("y.ts", text) });
  const seen = known.map(({ target, typeOnly }) => `${target}${typeOnly ? " (type)" : ""}`);
  const expected = ["src/x/a.ts", "src/b.ts (type)", "zod", "src/x/c.ts (type)", "src/x/d.ts"];
  assert.deepEqual(seen, [...expected, "@scope/e/part", "src/x/f.ts", "src/x/g.ts"]);
  assert.deepEqual(computed, ["import(name)", "new Worker(path)"]);
});

test("CONTRIBUTING.md draws the layers that are enforced here", () => {
  const text = readFileSync(join(project, "CONTRIBUTING.md"), "utf8");
  const lines = /```layers\n(.*?)```/s.exec(text)?.[1]?.trimEnd().split("\n") ?? [];
  const drawn = lines.map((line) => line.trim().split(/\s{2,}/));
  assert.deepEqual(drawn.map(([name]) => name).reverse(), order);
  const limits = drawn.flatMap(([name, , limit]) => (limit?.startsWith("only ") ? [[name, limit]] : []));
  const expected = Object.entries(only).map(([name, allowed]) => [name, `only ${allowed.join(", ")}`]);
  const ofPlots = [["plots", "only base; types of the others"]];
  assert.deepEqual(limits.sort(), [...expected, ...ofPlots].sort());
});

test("every source file lies in a known layer", () => {
  const strays = paths.filter((path) => inSrc(path) && !order.includes(layerOf(path)) && path !== "src/index.ts");
  assert.deepEqual(strays, []);
});

test("a layer imports only from those before it, and leaves import only what they may", () => {
  const wrong = fileImports.filter(({ file, target, typeOnly }) => {
    if (!inSrc(file) || !inSrc(target)) return false;
    const from = layerOf(file);
    const to = layerOf(target);
    if (from === to || file === "src/index.ts") return false;
    const allowed = only[from];
    if (allowed && !allowed.includes(to)) return true;
    if (from === "plots" && to !== "base" && !typeOnly) return true;
    return to === "index.ts" || order.indexOf(to) >= order.indexOf(from);
  });
  assert.deepEqual(wrong.map(arrow), []);
});

test("a package imports another one by its name, never by a path into it", () => {
  const wrong = fileImports.filter((each) => ownerOf(each.file) !== ownerOf(each.target)).map(arrow);
  const launchers = wrong.filter((each) => /^kernels\/(typescript|tslab)\/.* -> kernels\/prepare\.mjs$/.test(each));
  assert.deepEqual(wrong.filter((each) => !launchers.includes(each)).sort(), [...beforeBuild].sort());
});

test("@ictal/base imports nothing but Node, and yaml in one file", () => {
  const wrong = packageImports.filter(
    ({ file, target }) =>
      file.startsWith("kernels/base/") &&
      !["node:", "@ictal/base"].includes(packageOf(target)) &&
      arrow({ file, target }) !== "kernels/base/src/yaml.ts -> yaml",
  );
  assert.deepEqual(wrong.map(arrow), []);
});

test("@ictal/jupyter knows @ictal/base and no other part of the project, and only the doors of ictal know it", () => {
  const ofProject = packageImports.filter(({ target }) => /^(@ictal\/|ictal(\/|$))/.test(target));
  const wrong = ofProject.filter(({ file, target }) => {
    if (target.startsWith("@ictal/base/")) return !/^(src|kernels\/(base|typescript))\//.test(file);
    if (packageOf(target) === "@ictal/jupyter") return !/^src\/(index\.ts$|exports\/|cli\/)/.test(file);
    return true;
  });
  assert.deepEqual(wrong.map(arrow), []);
});

test("what a package loads is among its dependencies", () => {
  const declared = (dir: string): string[] => {
    const manifest = JSON.parse(readFileSync(join(project, dir, "package.json"), "utf8"));
    return ["dependencies", "optionalDependencies", "peerDependencies"].flatMap((key) =>
      Object.keys(manifest[key] ?? {}),
    );
  };
  const known: Record<string, string[]> = {
    "src/": [...declared("."), "assemblyscript"], // of development: compile-wasm.mjs
    "kernels/base/": [...declared("kernels/base"), "@ictal/base"],
    "kernels/typescript/": [...declared("kernels/typescript"), "internal"], // Node's own, in the protocol's thread
    "kernels/tslab/": ["tslab"],
    "kernels/": [],
  };
  const wrong = packageImports.filter(
    ({ file, target, typeOnly }) =>
      !typeOnly && !["node:", ...(known[ownerOf(file)] ?? [])].includes(packageOf(target)),
  );
  assert.deepEqual(wrong.map(arrow), []);
});

/** The place of a file in the order of `inside`, by the longest area that holds it. */
function placesOf(path: string): { area: string; folder: string }[] {
  return Object.keys(inside)
    .filter((area) => path.startsWith(`${area}/`))
    .map((area) => {
      const rest = dirname(path.slice(area.length + 1));
      const folder = inside[area]?.find((each) => rest === each) ?? rest.split("/")[0] ?? rest;
      return { area, folder };
    });
}

test("folders inside a layer or a package import only from those before them, never each other", () => {
  const wrong = new Set<string>();
  for (const { file, target } of fileImports.filter((each) => !isDoor(each.file)))
    for (const { area, folder } of placesOf(file)) {
      const to = placesOf(target).find((place) => place.area === area)?.folder;
      const folders = inside[area] ?? [];
      if (to === undefined || to === folder || to === "wasm") continue;
      if (folders.indexOf(to) < 0 || folders.indexOf(to) >= folders.indexOf(folder))
        wrong.add(`${join(area, folder)} -> ${join(area, to)}`);
    }
  assert.deepEqual([...wrong].sort(), Object.keys(againstOrder).sort(), "what is no longer needed is to be removed");
});

test("every folder of a layer or a package has its place", () => {
  const nested = paths.filter((path) => /^(src\/[^/]+|kernels\/typescript\/src(\/kernel)?)\/.*\//.test(path));
  const strays = nested.filter((path) =>
    placesOf(path).every(({ area, folder }) => !inside[area]?.includes(folder) && folder !== "wasm"),
  );
  assert.deepEqual(
    strays.filter((path) => !path.includes("/wasm/")),
    [],
  );
});

test("a target that only the run knows is an exception with a reason", () => {
  const files = found.filter(({ computed }) => computed.length > 0).map(({ path }) => path);
  assert.deepEqual(files.sort(), Object.keys(computedImports).sort());
});

test("imports form no cycle, those of types neither", () => {
  assert.deepEqual(cyclesOf(fileImports), []);
});

test("scoring and the tables of options load no schema library", () => {
  const reached = new Set<string>();
  const reach = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { target } of fileImports.filter((each) => each.file === path && !each.typeOnly)) reach(target);
  };
  const tables = paths.filter((path) => inSrc(path) && path.endsWith("-options.ts"));
  const lower = tables.filter((path) => !["config", "cli"].includes(layerOf(path)));
  for (const path of ["src/scoring/score.ts", ...lower]) reach(path);
  const loads = packageImports.filter(
    ({ file, target, typeOnly }) => !typeOnly && target === "zod" && reached.has(file),
  );
  assert.deepEqual(loads.map(arrow), []);
});

test("tensorflow.js is imported only in tensor, model and training", () => {
  const allowed = new Set(["tensor", "model", "training"]);
  const wrong = packageImports.filter(
    ({ file, target }) => target.startsWith("@tensorflow/") && !(inSrc(file) && allowed.has(layerOf(file))),
  );
  assert.deepEqual(wrong.map(arrow), []);
});
