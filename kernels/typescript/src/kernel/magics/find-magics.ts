import type TypeScript from "typescript";
import { findMagic } from "./catalogue.js";

/** A line of a cell that looks like a line magic. */
export interface MagicLine {
  /** Counted from 0. */
  readonly index: number;
  readonly name: string;
  /** What follows the name, without blanks and a semicolon at its end. */
  readonly argument: string;
  /** Where the argument starts in its line. */
  readonly argumentColumn: number;
  /** "%" for a magic with a name; "!" for a command of the shell, "?" for a question about a name. */
  readonly mark: "%" | "!" | "?";
  /** True for the form `// %name`, which other kernels see as a comment. */
  readonly comment: boolean;
}

const PERCENT_LINE = /^(\s*%)([A-Za-z_]\w*)(?:;?\s*|(\s+)(.*))$/;
const COMMENT_LINE = /^(\/\/\s*%)([A-Za-z_]\w*)(?:;?\s*|(\s+)(.*))$/;

const SHELL_LINE = /^!(?=\s*[\w./~"'$({-])(.*)$/;
const NAME = "[\\p{ID_Start}$_][\\p{ID_Continue}$.]*";
const QUESTION_LINE = new RegExp(`^(?:\\?{1,2}\\s?(${NAME})|(${NAME})\\?{1,2})\\s*;?\\s*$`, "u");

/** A command of the shell, or a question about a name: `level name`. */
function markAt(line: string, index: number): MagicLine | undefined {
  const command = SHELL_LINE.exec(line)?.[1]?.trim();
  if (command) return { index, mark: "!", name: "shell", argument: command, argumentColumn: 1, comment: false };
  const [, after, before] = QUESTION_LINE.exec(line) ?? [];
  const asked = after ?? before;
  if (asked === undefined) return undefined;
  const argument = `${line.includes("??") ? 1 : 0} ${asked}`;
  return { index, mark: "?", name: "inspect", argument, argumentColumn: line.indexOf(asked), comment: false };
}

function candidateAt(line: string, index: number): MagicLine | undefined {
  return markAt(line, index) ?? percentAt(line, index);
}

function percentAt(line: string, index: number): MagicLine | undefined {
  const comment = COMMENT_LINE.exec(line);
  const match = comment ?? PERCENT_LINE.exec(line);
  if (!match) return undefined;
  const [, sign, name, blanks, rest] = match as unknown as [string, string, string, string?, string?];
  if (comment && !findMagic("%", name)) return undefined; // any other comment
  const argument = (rest ?? "").replace(/[\s;]+$/, "");
  const argumentColumn = sign.length + name.length + (blanks?.length ?? 0);
  return { index, mark: "%", name, argument, argumentColumn, comment: comment !== null };
}

const isBlank = (line: string): boolean => /^\s*(?:\/\/.*)?$/.test(line);

/**
 * True when nothing but blank lines and line comments stands above, or when a comment cannot be part of a longer token. A
 * question needs blank lines below, too, where a ternary might go on; a command never is: `!ready` is TypeScript.
 */
function isCertain(candidate: MagicLine, above: readonly string[], below: readonly string[]): boolean {
  if (candidate.mark === "!") return false;
  if (candidate.mark === "?") return above.every(isBlank) && below.every(isBlank);
  if (candidate.comment) return !above.some((line) => line.includes("`") || line.includes("/*"));
  return above.every(isBlank);
}

type Compiler = typeof TypeScript;

function nodeAt(ts: Compiler, file: TypeScript.SourceFile, position: number): TypeScript.Node | undefined {
  let found: TypeScript.Node | undefined;
  const visit = (node: TypeScript.Node): void => {
    if (node.getStart(file) > position || node.end <= position) return;
    found = node;
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return found;
}

const isTemplatePart = (ts: Compiler, node: TypeScript.Node | undefined): boolean =>
  node !== undefined && (ts.isTemplateLiteralToken(node) || ts.isTemplateExpression(node));

function hasSyntaxError(ts: Compiler, text: string, start: number, end: number): boolean {
  const { diagnostics = [] } = ts.transpileModule(text, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext },
  });
  return diagnostics.some(
    ({ start: at, category }) =>
      category === ts.DiagnosticCategory.Error && at !== undefined && at >= start && at <= end,
  );
}

function usesName(ts: Compiler, node: TypeScript.Node, name: string, except: number): boolean {
  if (ts.isIdentifier(node) && node.text === name && node.getStart() !== except) return true;
  return ts.forEachChild(node, (child) => usesName(ts, child, name, except) || undefined) ?? false;
}

function statementEnd(ts: Compiler, node: TypeScript.Node): number {
  let top = node;
  while (!ts.isSourceFile(top.parent)) top = top.parent;
  return top.end;
}

interface MarkPlace {
  readonly file: TypeScript.SourceFile;
  readonly text: string;
  readonly start: number;
  readonly line: string;
  readonly node: TypeScript.Node | undefined;
}

/**
 * Whether a line is a command or a question: when TypeScript cannot read it. A command that it can (`!ls -la` is a
 * difference) is one when it begins a statement and its first word means nothing.
 */
function isMark(
  ts: Compiler,
  { file, text, start, line, node }: MarkPlace,
  { mark, argument }: MagicLine,
  isDeclared: (name: string) => boolean,
): boolean {
  if (isTemplatePart(ts, node) || isInBlockComment(ts, file, start)) return false;
  if (hasSyntaxError(ts, text, start, start + line.length)) return true;
  if (mark === "?") return false;
  const word = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(argument)?.[0];
  const begins = file.statements.some((statement) => statement.getStart(file) === start);
  if (word === undefined || !begins || isDeclared(word) || word in globalThis) return false;
  return (
    !["async", "await", "function", "new", "typeof", "class", "void", "this"].includes(word) &&
    !usesName(ts, file, word, start + 1 + line.slice(1).search(/\S/))
  );
}

/**
 * Whether a `%` line is a magic: when TypeScript cannot read it as the operator. When it could (`total` above, `%time`
 * below, no semicolon between), it is one if it is a known magic at the start of a line, ends the statement, and the
 * name means nothing else.
 */
function isMagic(
  ts: Compiler,
  lines: readonly string[],
  candidate: MagicLine,
  isDeclared: (name: string) => boolean,
): boolean {
  const text = lines.join("\n");
  const start = lines.slice(0, candidate.index).join("\n").length + (candidate.index === 0 ? 0 : 1);
  const line = lines[candidate.index] ?? "";
  const position = start + (candidate.mark === "%" ? line.search(candidate.comment ? /\// : /%/) : 0);
  const file = ts.createSourceFile("cell.ts", text, ts.ScriptTarget.ESNext, true);
  const node = nodeAt(ts, file, position);
  if (candidate.comment) return !isTemplatePart(ts, node) && !isInBlockComment(ts, file, position);
  if (candidate.mark !== "%") return isMark(ts, { file, text, start, line, node }, candidate, isDeclared);
  if (!node || node.kind !== ts.SyntaxKind.PercentToken) return false;
  if (hasSyntaxError(ts, text, start, start + line.length)) return true;
  const known = findMagic("%", candidate.name) !== undefined && line.startsWith("%");
  const ends = statementEnd(ts, node) <= start + line.length;
  return known && ends && !isDeclared(candidate.name) && !usesName(ts, file, candidate.name, position + 1);
}

/** True when the comment at `position` began before it. */
function isInBlockComment(ts: Compiler, file: TypeScript.SourceFile, position: number): boolean {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, false, ts.LanguageVariant.Standard, file.text);
  let inside = false;
  const visit = (node: TypeScript.Node): void => {
    if (inside || node.pos > position || node.end < position) return;
    const from = node.getFullStart();
    scanner.setText(file.text, from, node.getStart(file) - from);
    for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan())
      inside ||=
        kind === ts.SyntaxKind.MultiLineCommentTrivia &&
        scanner.getTokenStart() < position &&
        scanner.getTokenEnd() > position;
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return inside;
}

/**
 * The line magics of a cell, from top to bottom. The compiler is loaded only when a line can be classified neither by itself nor
 * by what stands above it.
 */
export async function findMagics(code: string, isDeclared: (name: string) => boolean): Promise<MagicLine[]> {
  const lines = code.split("\n");
  const candidates = lines.flatMap((line, index) => candidateAt(line, index) ?? []);
  const rest = [...lines];
  for (const { index } of candidates) rest[index] = "";
  const found: MagicLine[] = [];
  for (const candidate of candidates) {
    const above = rest.slice(0, candidate.index);
    const below = lines.slice(candidate.index + 1);
    const read = [...rest];
    read[candidate.index] = lines[candidate.index] ?? "";
    const magic =
      isCertain(candidate, above, below) ||
      isMagic((await import("../language/load-typescript.js")).ts, read, candidate, isDeclared);
    if (magic) found.push(candidate);
    else rest[candidate.index] = lines[candidate.index] ?? "";
  }
  return found;
}
