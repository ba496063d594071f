import { readFile, realpath } from "node:fs/promises";
import { extname, relative, resolve, sep } from "node:path";
import type TypeScript from "typescript";
import { MagicError } from "./catalogue.js";

/** A file that `%run` runs. */
export interface FileRun {
  /** How the cell imports it. */
  readonly specifier: string;
  readonly path: string;
  /** What follows the file's name. */
  readonly arguments: readonly string[];
  /** Names that it exports, types included; "default" is none of them. */
  readonly exports: readonly string[];
}

const ENDINGS: Readonly<Record<string, string>> = {
  ".ts": ".js",
  ".tsx": ".js",
  ".mts": ".mjs",
  ".cts": ".cjs",
  ".js": ".js",
  ".mjs": ".mjs",
  ".cjs": ".cjs",
};
const USAGE = "%run FILE.ts [ARGUMENT…]";

/** Words separated by blanks; quotes of either kind hold a word together. */
const wordsOf = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? "");

type Compiler = typeof TypeScript;

function boundNames(ts: Compiler, name: TypeScript.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(ts, element.name) : []));
}

function exportedNames(ts: Compiler, statement: TypeScript.Statement): string[] {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    if (clause && ts.isNamespaceExport(clause)) return [clause.name.text];
    return clause ? clause.elements.map(({ name }) => name.text) : [];
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const has = (kind: TypeScript.SyntaxKind) => modifiers.some((modifier) => modifier.kind === kind);
  if (!has(ts.SyntaxKind.ExportKeyword) || has(ts.SyntaxKind.DefaultKeyword)) return [];
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(ts, name));
  const { name } = statement as { name?: TypeScript.Node }; // functions, classes, enums, interfaces, types, namespaces
  return name && ts.isIdentifier(name) ? [name.text] : [];
}

/** Reads what follows `%run`; MagicError for a file that is not there or is no program. `line` counts from 1. */
export async function readFileRun(argument: string, folder: string, line: number): Promise<FileRun> {
  const [file, ...words] = wordsOf(argument);
  if (file === undefined) throw new MagicError(`%run needs a file: ${USAGE}`, line);
  const path = resolve(folder, file);
  const ending = extname(path);
  const target = ENDINGS[ending];
  if (target === undefined)
    throw new MagicError(`%run runs files of TypeScript and JavaScript (.ts, .mts, .js …); found ${file}`, line);
  const source = await readFile(path, "utf8").catch(() => {
    throw new MagicError(`there is no readable file at ${path}, looked for from the notebook's folder`, line);
  });
  const { ts } = await import("../language/load-typescript.js");
  const parsed = ts.createSourceFile(path, source, ts.ScriptTarget.ESNext, true);
  const inside = relative(folder, path).split(sep).join("/");
  const relativePath = inside.startsWith("../") ? inside : `./${inside}`;
  return {
    specifier: relativePath.slice(0, relativePath.length - ending.length) + target,
    path: await realpath(path),
    arguments: words,
    exports: [...new Set(parsed.statements.flatMap((statement) => exportedNames(ts, statement)))],
  };
}

/** The import that stands in place of the magic. */
export function importOf({ specifier, exports }: FileRun): string {
  const from = JSON.stringify(specifier);
  return exports.length > 0 ? `;import { ${exports.join(", ")} } from ${from};` : `;import ${from};`;
}
