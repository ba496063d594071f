import type { MimeBundle } from "../wire/message.js";
import { countOf, wellFormed } from "./format-value.js";
import { inspectText } from "./inspect-text.js";

const SOURCE_LINES = 12;
const LINE_CHARACTERS = 160;

/** Lines without the indentation that all but the first share. */
function outdent(lines: readonly string[]): string[] {
  const depths = lines.slice(1).flatMap((line) => (line.trim() === "" ? [] : [/^\s*/.exec(line)?.[0].length ?? 0]));
  const shared = depths.length > 0 ? Math.min(...depths) : 0;
  return lines.map((line, i) => (i === 0 ? line : line.slice(shared)));
}

/** A function or class: what it is, then the first lines of its source (as it runs: types are gone). */
export function functionView(value: unknown): MimeBundle | undefined {
  if (typeof value !== "function") return undefined;
  const what = inspectText(value, { depth: 0 });
  const source = Function.prototype.toString.call(value);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return { "text/plain": what };
  const lines = outdent(source.slice(0, 20_000).split("\n"));
  const shown = lines
    .slice(0, SOURCE_LINES)
    .map((line) => (line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line));
  const left = source.split("\n").length - shown.length;
  const rest = left > 0 ? [`… ${countOf(left, "more line")}`] : [];
  return { "text/plain": wellFormed([what, ...shown, ...rest].join("\n")) };
}
