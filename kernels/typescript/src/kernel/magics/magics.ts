import { findMagic, MAGICS, MagicError, magicNamed } from "./catalogue.js";
import { type FileRun, importOf, readFileRun } from "./file-run.js";
import { findMagics, type MagicLine } from "./find-magics.js";
import { splitOptions } from "./timeit-options.js";

/** A magic of a cell, and how columns of its line moved. */
export interface Magic {
  readonly name: string;
  readonly sign: "%" | "%%" | "!" | "?";
  /** Line of the cell, counted from 1. */
  readonly line: number;
  /** The line as the cell has it. */
  readonly text: string;
  /** How many columns its expression stands further to the right in the code than in the cell. */
  readonly shift: number;
}

/** A cell whose magics became calls in place: as many lines, each with the code that stood there. */
export interface ParsedCell {
  readonly code: string;
  readonly magics: readonly Magic[];
  /** What `%run` runs, in order. */
  readonly runs: readonly FileRun[];
}

export interface ParseMagicsOptions {
  /** Folder that the files of `%run` are relative to. @default the working folder */
  readonly folder?: string | undefined;
  /** Whether earlier cells declare a name, which then is no magic after an unfinished statement. @default none */
  readonly isDeclared?: ((name: string) => boolean) | undefined;
}

/** The calls find the kernel's magics under this symbol of the global object. */
export const MAGIC = Symbol.for("ictal.kernel.magic");

const CALL = `(globalThis as any)[Symbol.for("${MAGIC.description}")]`; // no declaration types it, cells are type-checked
/** Code without such a line or sign has no magics. */
const MARKED = /%|^!|^\?|\?[ \t]*;?[ \t]*$/m;
const CELL_MAGIC = /^\s*%%([A-Za-z_]\w*)(?:[ \t]+(.*?))?\s*$/;

/** Code in which strings, templates and what stands in brackets are blanks. */
function outline(code: string): string {
  const blank = (text: string) => " ".repeat(text.length);
  let rest = code.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g, blank);
  for (let before = ""; before !== rest; ) {
    before = rest;
    rest = rest.replace(/[([{][^()[\]{}]*[)\]}]/g, blank);
  }
  return rest;
}

const STATEMENT =
  /^(?:const|let|var|for|while|do|if|switch|try|throw|function|class|async\s+function|type|interface|enum)\b/;

const isStatement = (code: string): boolean => STATEMENT.test(code) || outline(code).includes(";");

/** `code` without a comment at its end. */
function withoutComment(code: string): string {
  const at = outline(code).search(/(?<![\\:])\/\//);
  return at < 0 ? code : code.slice(0, at).replace(/[\s;]+$/, "");
}

/** A function that runs `code` and returns its value, if it has one; `before` and `after` stand on either side of it. */
function functionOf(code: string): { before: string; after: string } {
  const async = /\bawait\b/.test(code) ? "async " : "";
  return isStatement(code) ? { before: `${async}() => { `, after: " }" } : { before: `${async}() => (`, after: ")" };
}

interface Rewritten {
  readonly code: string;
  readonly shift: number;
}

function rewriteExpression(magic: MagicLine): Rewritten {
  const line = magic.index + 1;
  const { options, expression } =
    magic.name === "timeit" ? splitOptions(magic.argument, line) : { options: "", expression: magic.argument };
  const code = withoutComment(expression);
  const { usage } = findMagic("%", magic.name)!;
  if (code === "") throw new MagicError(`%${magic.name} needs an expression: ${usage}`, line);
  const column = magic.argumentColumn + magic.argument.length - expression.length;
  const place = (before: string, after: string) => ({ code: before + code + after, shift: before.length - column });
  if (magic.name === "time" && isStatement(code))
    return place(`;${CALL}("time", "start"); `, `; ${CALL}("time", "stop");`);
  const { before, after } = functionOf(code);
  return place(`;await ${CALL}(${JSON.stringify(magic.name)}, ${JSON.stringify(options)}, ${before}`, `${after});`);
}

/** A command as a template in which `{name}`, where a variable is called so, is its value; `${name}` is the shell's. */
function commandTemplate(command: string, isDeclared: (name: string) => boolean): string {
  const escaped = command.replace(/[\\`]|\$\{/g, "\\$&");
  const filled = escaped.replace(
    /(?<!\$)\{([A-Za-z_$][\w$]*)((?:\.[A-Za-z_$][\w$]*)*)\}/g,
    (text, name: string, rest: string) => (isDeclared(name) ? `\${${name}${rest}}` : text),
  );
  return `\`${filled}\``;
}

function rewriteLine(magic: MagicLine, isDeclared: (name: string) => boolean): Rewritten {
  if (magic.mark === "!")
    return { code: `;await ${CALL}("shell", ${commandTemplate(magic.argument, isDeclared)});`, shift: 0 };
  if (magic.mark === "?") return { code: `;await ${CALL}("inspect", ${JSON.stringify(magic.argument)});`, shift: 0 };
  const { subject } = magicNamed("%", magic.name, magic.index + 1);
  if (subject === "expression") return rewriteExpression(magic);
  return { code: `;await ${CALL}(${JSON.stringify(magic.name)}, ${JSON.stringify(magic.argument)});`, shift: 0 };
}

/** Whether the cell's own text declares a name. */
const declaresBefore = (code: string, name: string): boolean =>
  new RegExp(`\\b(?:const|let|var|function|class)\\s+${name.replaceAll("$", "\\$")}\\b`).test(code);

async function rewriteRun(magic: MagicLine, folder: string, runs: FileRun[]): Promise<Rewritten> {
  const run = await readFileRun(magic.argument, folder, magic.index + 1);
  runs.push(run);
  return { code: importOf(run), shift: 0 };
}

/** The first line of a cell that is not blank, when it is a cell magic. */
function cellMagicOf(lines: readonly string[]): { index: number; name: string; argument: string } | undefined {
  const index = lines.findIndex((line) => line.trim() !== "");
  const match = CELL_MAGIC.exec(lines[index] ?? "");
  const [, name, argument = ""] = match ?? [];
  return name === undefined ? undefined : { index, name, argument };
}

function parseCellMagic(lines: readonly string[], index: number, name: string, argument: string): ParsedCell {
  const line = index + 1;
  const { subject } = magicNamed("%%", name, line);
  const magics = [{ name, sign: "%%" as const, line, text: lines[index] ?? "", shift: 0 }];
  const above = lines.slice(0, index);
  const below = lines.slice(line);
  if (subject === "text") {
    const call = `;await ${CALL}(${JSON.stringify(name)}, ${JSON.stringify(below.join("\n"))});`;
    return { code: [...above, call, ...below.map(() => "")].join("\n"), magics, runs: [] };
  }
  if (name === "time") return { code: [...above, `;${CALL}("time", "cell");`, ...below].join("\n"), magics, runs: [] };
  const { options, expression } = splitOptions(argument, line);
  if (expression !== "")
    throw new MagicError(`%%timeit takes its code from the lines below; found ${expression}`, line);
  const async = /\bawait\b/.test(below.join("\n")) ? "async " : "";
  const call = `;await ${CALL}("timeit", ${JSON.stringify(options)}, ${async}() => {`;
  return { code: [...above, call, ...below].join("\n").concat("\n});"), magics, runs: [] };
}

/**
 * Turns the magics of a cell (`%timeit f()`, `// %timeit f()`, `!ls`, `name?`, `%%html` …) into calls on the same lines, in the order of
 * the code, so that they see the cell's variables and are type-checked with it. Throws a MagicError for an unknown or
 * misused one. A `%` that TypeScript reads as an operator, or that stands in a template, string or comment, is left alone.
 */
export async function parseMagics(code: string, options: ParseMagicsOptions = {}): Promise<ParsedCell> {
  if (!MARKED.test(code)) return { code, magics: [], runs: [] };
  const lines = code.split("\n");
  const cellMagic = cellMagicOf(lines);
  if (cellMagic) return parseCellMagic(lines, cellMagic.index, cellMagic.name, cellMagic.argument);
  const { isDeclared = () => false, folder = process.cwd() } = options;
  const magics: Magic[] = [];
  const runs: FileRun[] = [];
  const found = await findMagics(code, isDeclared);
  const knows = (name: string) => isDeclared(name) || declaresBefore(code, name);
  for (const magic of found) {
    const { index, name, mark } = magic;
    const isRun = mark === "%" && findMagic("%", name)?.subject === "file";
    const rewritten = isRun ? await rewriteRun(magic, folder, runs) : rewriteLine(magic, knows);
    magics.push({ name, sign: mark, line: index + 1, text: lines[index] ?? "", shift: rewritten.shift });
    lines[index] = rewritten.code;
  }
  return { code: lines.join("\n"), magics, runs };
}

/** Where in the cell a place of its parsed code lies; line and column both count from 1. */
export function placeInCell(magics: readonly Magic[], line: number, column: number): { line: number; column: number } {
  const shift = magics.find((magic) => magic.line === line)?.shift ?? 0;
  return { line, column: Math.max(1, column - shift) };
}

/**
 * The cell with its magics as blanks of the same length, the expressions of `%timeit` and `%time` left in their places:
 * what completion, inspection and the check for complete code look at. Never throws.
 */
export async function blankMagics(code: string, options: ParseMagicsOptions = {}): Promise<string> {
  if (!MARKED.test(code)) return code;
  const lines = code.split("\n");
  const blank = (index: number, end?: number) => {
    const line = lines[index] ?? "";
    const to = end ?? line.length;
    lines[index] = (";".padEnd(to, " ") + line.slice(to)).slice(0, line.length);
  };
  const cellMagic = cellMagicOf(lines);
  if (cellMagic) {
    const isText = findMagic("%%", cellMagic.name)?.subject !== "code";
    for (let i = cellMagic.index; i < (isText ? lines.length : cellMagic.index + 1); i++) blank(i);
    return lines.join("\n");
  }
  for (const magic of await findMagics(code, options.isDeclared ?? (() => false))) {
    const { index, name, argument, argumentColumn, mark } = magic;
    if (mark === "?") {
      lines[index] = (lines[index] ?? "").replaceAll("?", " "); // the name stays, for inspection
      continue;
    }
    const isExpression = findMagic("%", name)?.subject === "expression";
    const optionLength = /^(?:-\w\s*\d*\s+)*/.exec(argument)?.[0].length ?? 0;
    blank(index, isExpression ? argumentColumn + optionLength : undefined);
  }
  return lines.join("\n");
}

/** The magics that the text before `cursor` (UTF-16) may be the start of; undefined when it starts none. */
export function completeMagic(code: string, cursor: number): { matches: string[]; start: number } | undefined {
  const start = code.lastIndexOf("\n", cursor - 1) + 1;
  const typed = /^(?:\/\/\s*)?(%%?\w*)$/.exec(code.slice(start, cursor))?.[1];
  if (typed === undefined) return undefined;
  const isFirst = code.slice(0, start).trim() === "";
  const named = MAGICS.filter(({ name }) => name !== "");
  const names = named.filter(({ sign }) => sign === "%" || isFirst).map(({ sign, name }) => sign + name);
  return { matches: names.filter((name) => name.startsWith(typed)), start: cursor - typed.length };
}
