import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { checkout, temporaryFolder } from "./make-notebook.js";

const COMPILER_OPTIONS = {
  target: "ES2022",
  module: "NodeNext",
  moduleResolution: "NodeNext",
  rootDir: ".",
  outDir: "dist",
  declaration: true,
  incremental: true,
  tsBuildInfoFile: "dist/.tsbuildinfo",
  strict: true,
  types: ["node"],
};

/** A project with our kernels, a package `ictal` of its own and kernelspecs `project` (our launcher) and `stock` (tslab bare). */
export interface TestProject {
  readonly root: string;
  readonly notebooks: string;
  /** Makes both kernelspecs known. */
  readonly env: { readonly JUPYTER_PATH: string };
}

async function writeSpec(folder: string, name: string, argv: readonly string[]): Promise<void> {
  const directory = join(folder, "kernels", name);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "kernel.json"), JSON.stringify({ argv, display_name: name, language: "typescript" }));
}

/** Lays out such a project in a temporary folder; its `src/index.ts` holds `source`. It is not compiled yet. */
export async function makeProject(source: string): Promise<TestProject> {
  const root = await temporaryFolder();
  const notebooks = join(root, "notebooks");
  await mkdir(join(root, "src"), { recursive: true });
  await mkdir(notebooks);
  for (const path of [
    "kernels/tslab",
    "kernels/prepare.mjs",
    "kernels/base/src/lock-file.mjs",
    "src/cli/ensure-built.mjs",
    "src/cli/compile-wasm.mjs",
  ])
    await cp(join(checkout, path), join(root, path), { recursive: true });
  await symlink(join(checkout, "node_modules"), join(root, "node_modules"));
  const exports = { ".": { types: "./dist/src/index.d.ts", default: "./dist/src/index.js" } };
  const manifest = {
    name: "ictal",
    version: "0.0.0",
    type: "module",
    main: "dist/src/index.js",
    types: "dist/src/index.d.ts",
    exports,
  };
  await writeFile(join(root, "package.json"), JSON.stringify(manifest));
  await writeFile(
    join(root, "tsconfig.json"),
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ["src/**/*.ts"] }),
  );
  const usesNode = source.includes("import.meta");
  const lean = usesNode ? {} : { types: [], lib: ["ES2022"] }; // without Node's and a browser's types it compiles in half the time
  await writeFile(
    join(root, "tsconfig.build.json"),
    JSON.stringify({ extends: "./tsconfig.json", compilerOptions: lean }),
  );
  await writeFile(join(root, "src/index.ts"), source);
  const tslab = join(dirname(createRequire(import.meta.url).resolve("tslab/package.json")), "bin/tslab");
  const jupyter = join(root, "jupyter");
  await writeSpec(jupyter, "project", [
    process.execPath,
    join(root, "kernels/tslab/launcher.mjs"),
    "{connection_file}",
  ]);
  await writeSpec(jupyter, "stock", [process.execPath, tslab, "kernel", "--config-path", "{connection_file}"]);
  return { root, notebooks, env: { JUPYTER_PATH: jupyter } };
}
