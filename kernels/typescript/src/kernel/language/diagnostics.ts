import type * as TypeScript from "typescript";
import type { CellDiagnostic } from "./language.js";
import { ts } from "./load-typescript.js";

/** What a notebook may do: use a package that has no types (7016), a variable that other cells give its type (7005, 7034). */
const TOLERATED = new Set([7005, 7016, 7034]);

function lineAt(file: TypeScript.SourceFile, line: number): string {
  const starts = file.getLineStarts();
  return file.text.slice(starts[line], starts[line + 1] ?? file.text.length).replace(/\r?\n$/, "");
}

function describe(diagnostic: TypeScript.Diagnostic, path: string | undefined, end: number): CellDiagnostic {
  const { file, start = 0, length = 0, code, messageText } = diagnostic;
  const at = Math.min(start, end);
  const { line, character } = file ? file.getLineAndCharacterOfPosition(at) : { line: 0, character: 0 };
  return {
    ...(path === undefined ? {} : { file: path }),
    line: line + 1,
    column: character + 1,
    length: Math.min(length, Math.max(end - at, 0)),
    code,
    message: ts.flattenDiagnosticMessageText(messageText, "\n"),
    severity: diagnostic.category === ts.DiagnosticCategory.Error ? "error" : "warning",
    source: file ? lineAt(file, line) : "",
  };
}

/** Complaints about the first `length` characters of a file, in the order of the text; all of them by default. */
export function describeDiagnostics(
  diagnostics: readonly TypeScript.Diagnostic[],
  options: { path?: string; length?: number; isSyntax?: boolean } = {},
): CellDiagnostic[] {
  const { path, length = Number.POSITIVE_INFINITY, isSyntax = false } = options;
  return diagnostics
    .filter(({ code, start = 0 }) => !TOLERATED.has(code) && (start < length || isSyntax))
    .map((diagnostic) => describe(diagnostic, path, Math.min(length, diagnostic.file?.text.length ?? 0)))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
