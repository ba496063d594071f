import { inspect } from "node:util";
import { shownPath } from "../../project.js";
import type { ErrorContent } from "../../wire/message.js";
import type { CellDiagnostic } from "../language/language.js";
import type { MagicError } from "../magics/catalogue.js";
import { type Magic, placeInCell } from "../magics/magics.js";
import { kernelProject } from "../project/kernel-project.js";
import type { SourceMaps } from "./source-maps.js";

const FRAME = /^\s+at /;
const NODE_FRAME = /\bnode:(?:internal|inspector|async_hooks)\b|\bat process\.processTicksAndRejections/;
/** URL of the folder that holds the kernel's compiled modules. */
const KERNEL_URL = new URL("../", import.meta.url).href;
/** Node's frames that only the kernel puts below a cell. */
const LAST_FRAME = /\bat new Promise \(<anonymous>\)$|\bat <anonymous>$/;
const DEPTH_LIMIT = 4;
const ERRORS_LIMIT = 10;

const isErrorLike = (value: unknown): value is Error =>
  value instanceof Error || (typeof value === "object" && value !== null && typeof (value as Error).stack === "string");

/** Name and message, then every frame at its place in the source, without the kernel's own frames. */
function stackLines(error: Error, maps: SourceMaps): string[] {
  const title = `${nameOf(error)}${error.message ? `: ${error.message}` : ""}`;
  const all = typeof error.stack === "string" ? error.stack.split("\n") : [];
  const first = all.findIndex((line) => FRAME.test(line));
  const frames =
    first < 0 ? [] : all.slice(first).filter((line) => !NODE_FRAME.test(line) && !line.includes(KERNEL_URL));
  while (frames.length > 0 && LAST_FRAME.test(frames.at(-1) ?? "")) frames.pop();
  return [...title.split("\n"), ...frames.map((frame) => maps.mapFrame(frame))];
}

/** The stack of an error, of its causes and of the errors it stands for. */
function tracebackOf(error: Error, maps: SourceMaps, depth = 0): string[] {
  const lines = stackLines(error, maps);
  if (depth >= DEPTH_LIMIT) return lines;
  const describe = (label: string, value: unknown) => {
    const inner = isErrorLike(value) ? tracebackOf(value, maps, depth + 1) : [inspect(value, { depth: 1 })];
    lines.push(`  [${label}]: ${inner[0]}`, ...inner.slice(1).map((line) => `  ${line}`));
  };
  if (error.cause !== undefined) describe("cause", error.cause);
  const { errors } = error as Partial<AggregateError>; // of an AggregateError
  if (Array.isArray(errors)) {
    for (const [index, inner] of errors.slice(0, ERRORS_LIMIT).entries()) describe(`error ${index + 1}`, inner);
  }
  return lines;
}

function nameOf(error: Error): string {
  return typeof error.name === "string" && error.name !== "" ? error.name : (error.constructor?.name ?? "Error");
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return (value as object).constructor?.name || "Object";
}

/** What front ends show of anything that was thrown; `place` is where, for values that carry no stack. */
export function describeThrown(value: unknown, maps: SourceMaps, place?: string): ErrorContent {
  if (isErrorLike(value)) {
    return { ename: nameOf(value), evalue: String(value.message ?? ""), traceback: tracebackOf(value, maps) };
  }
  const text = typeof value === "string" ? value : inspect(value, { depth: 2 });
  const where = place === undefined ? [] : [`    at ${maps.mapFrame(place)}`];
  return { ename: kindOf(value), evalue: text, traceback: [...`Uncaught ${text}`.split("\n"), ...where] };
}

/** The line of a complaint with a caret under the place; `cell` names the cell when it is no file's. */
export function describeDiagnostic(diagnostic: CellDiagnostic, cell?: number): string[] {
  const { line, column, length, code, message, severity, source, file } = diagnostic;
  const number = code > 0 ? ` TS${code}` : "";
  const place = file === undefined ? `cell-${cell}.ts` : shownPath(file, kernelProject);
  const shown = source.replaceAll("\t", " ");
  const carets = "~".repeat(Math.max(1, Math.min(length, shown.length - column + 1)));
  return [
    ...`${place}:${line}:${column} - ${severity}${number}: ${message}`.split("\n"),
    `  ${shown}`,
    `  ${" ".repeat(column - 1)}${carets}`,
  ];
}

/** The error of a magic that does not exist or is used wrongly, at its place in the cell `code`. */
export function describeMagicError({ name, message, line }: MagicError, code: string, cell: number): ErrorContent {
  const source = (code.split("\n")[line - 1] ?? "").trimEnd();
  const at = source.indexOf("%");
  const diagnostic = { line, column: at + 1, length: source.length - at, code: 0, message, source } as const;
  return { ename: name, evalue: message, traceback: describeDiagnostic({ ...diagnostic, severity: "error" }, cell) };
}

/** A complaint about a cell's parsed code as one about the cell itself. */
function inCell(diagnostic: CellDiagnostic, magics: readonly Magic[]): CellDiagnostic {
  const magic = magics.find(({ line }) => line === diagnostic.line);
  if (!magic || diagnostic.file !== undefined) return diagnostic;
  return { ...diagnostic, ...placeInCell(magics, diagnostic.line, diagnostic.column), source: magic.text };
}

/** The error of a cell that the compiler refuses. */
export function describeDiagnostics(
  diagnostics: readonly CellDiagnostic[],
  cell: number,
  magics: readonly Magic[],
): ErrorContent {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return {
    ename: "TypeScriptError",
    evalue: errors[0]?.message.split("\n")[0] ?? "the cell does not compile",
    traceback: errors.flatMap((diagnostic) => describeDiagnostic(inCell(diagnostic, magics), cell)),
  };
}
