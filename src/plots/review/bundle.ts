import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type TypeScript from "typescript";
import { packageDir } from "../../base/project.js";

const ENTRY = "src/plots/review/client/main.mts";
const REQUIRE = /\brequire\("(\.[^"]+)"\)/g;

/** Source of an import: `.mts` for `.mjs`, `.ts` for `.js`. */
function sourceOf(importer: string, specifier: string): string {
  return join(dirname(importer), specifier).replace(/js$/, "ts");
}

/**
 * A module of TypeScript and all it imports by relative paths as one classic script: each module a function, called on
 * first use. Types are not checked here. Throws the error of the file system on a missing import.
 */
async function bundleScript(entry: string): Promise<string> {
  const { default: ts } = await import("typescript");
  const compilerOptions: TypeScript.CompilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    removeComments: true,
  };
  const paths: string[] = [entry];
  const bodies: string[] = [];
  for (const path of paths) {
    // the imports found below are appended to `paths`
    const fileName = path.replace(/mts$/, "ts"); // .mts would be emitted as an ES module whatever the options say
    const { outputText } = ts.transpileModule(await readFile(path, "utf8"), { fileName, compilerOptions });
    bodies.push(
      outputText.replace(REQUIRE, (_, specifier: string) => {
        const target = sourceOf(path, specifier);
        if (!paths.includes(target)) paths.push(target);
        return `require(${paths.indexOf(target)})`;
      }),
    );
  }
  const modules = bodies.map((body) => `(exports, require) => {\n${body}}`).join(",\n");
  return `(() => {
const modules = [${modules}];
const loaded = [];
const load = (i) => {
  if (!loaded[i]) modules[i]((loaded[i] = {}), load);
  return loaded[i];
};
load(0);
})();`;
}

let script: Promise<string> | undefined;

/** The script of the review page, bundled from its sources once per process. */
export function reviewScript(): Promise<string> {
  script ??= bundleScript(join(packageDir, ENTRY));
  return script;
}
