import { readFileSync } from "node:fs";
import type { CellDiagnostic } from "../language/language.js";

/** A module that cannot be loaded: a file that is missing or no TypeScript, an export that is not there. */
export class ModuleError extends Error {
  constructor(
    readonly diagnostics: readonly CellDiagnostic[],
    options?: { cause?: unknown },
  ) {
    super(
      diagnostics.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join("\n"),
      options,
    );
    this.name = "ModuleError";
  }
}

/** A complaint about a place of a file, with the text of its line. */
export function faultAt(file: string, line: number, column: number, message: string): CellDiagnostic {
  let source = "";
  try {
    source = readFileSync(file, "utf8").split(/\r?\n/)[line - 1] ?? "";
  } catch {} // the file itself is what is missing
  return { file, line, column, length: 1, code: 0, message, severity: "error", source };
}

/** Where a file mentions a specifier in quotes. */
export function placeOfSpecifier(file: string, specifier: string): { line: number; column: number } {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {} // a cell
  const at = Math.max(text.indexOf(`"${specifier}"`), text.indexOf(`'${specifier}'`));
  if (at < 0) return { line: 1, column: 1 };
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
