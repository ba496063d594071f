import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { KernelGlobals } from "../cell-api/globals.js";
import { ts } from "./load-typescript.js";
import { WEB_ASSEMBLY } from "./web-assembly.js";

// The one description of what a kernel adds to the global scope is the interface KernelGlobals; cells see its members.

const INTERFACE: keyof { KernelGlobals: KernelGlobals } = "KernelGlobals";
const module = fileURLToPath(new URL("../cell-api/globals.js", import.meta.url));

const denoModule = fileURLToPath(new URL("../cell-api/deno-jupyter.js", import.meta.url));

function memberNames(): string[] {
  const path = module.replace(/\.js$/, ".d.ts");
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022);
  const declaration = file.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === INTERFACE);
  if (!declaration || !ts.isInterfaceDeclaration(declaration)) return [];
  return declaration.members.flatMap(({ name }) => (name && ts.isIdentifier(name) ? [name.text] : []));
}

/** Text of an ambient file that declares the kernel's globals with the types of the modules behind them. */
export function kernelGlobalsText(): string {
  const from = `import(${JSON.stringify(module)}).${INTERFACE}`;
  const lines = memberNames().map((name) => `  const ${name}: ${from}[${JSON.stringify(name)}];`);
  lines.push(`  const Deno: { readonly jupyter: import(${JSON.stringify(denoModule)}).DenoJupyter };`);
  return `export {};\ndeclare global {\n${lines.join("\n")}\n${WEB_ASSEMBLY.replace("declare ", "")}}\n`;
}
