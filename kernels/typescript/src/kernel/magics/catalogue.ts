import { nearestName } from "@ictal/base/nearest";

/** What a magic works on: an expression of the cell's language, words, a file, or the rest of the cell as text or as code. */
export type MagicSubject = "expression" | "words" | "file" | "text" | "code";

/** One magic as a cell may write it. */
export interface MagicEntry {
  readonly name: string;
  /** "%" for a line, "%%" for a whole cell; "!" and "?" stand for themselves, without a name. */
  readonly sign: "%" | "%%" | "!" | "?";
  readonly subject: MagicSubject;
  readonly usage: string;
  readonly help: string;
}

const TIMEIT_USAGE = "[-n LOOPS] [-r RUNS]";

/** Every magic, in the order in which help lists them. */
export const MAGICS: readonly MagicEntry[] = [
  {
    name: "timeit",
    sign: "%",
    subject: "expression",
    usage: `%timeit ${TIMEIT_USAGE} EXPRESSION`,
    help: "how long an expression takes, over many runs; promises are awaited",
  },
  {
    name: "time",
    sign: "%",
    subject: "expression",
    usage: "%time EXPRESSION or STATEMENT",
    help: "CPU and wall time of one run; its value is the result, its declarations stay",
  },
  {
    name: "memory",
    sign: "%",
    subject: "words",
    usage: "%memory",
    help: "what the kernel holds: resident, heap, array buffers, each worker thread, the peak",
  },
  {
    name: "reload",
    sign: "%",
    subject: "words",
    usage: "%reload [MODULE]",
    help: "load changed modules of the project again (as before each cell), or one module in any case",
  },
  {
    name: "env",
    sign: "%",
    subject: "words",
    usage: "%env [NAME[=VALUE]]",
    help: "environment variables: all of them, one, or set one; in the list secrets are hidden",
  },
  {
    name: "run",
    sign: "%",
    subject: "file",
    usage: "%run FILE.ts [ARGUMENT…]",
    help: "run a file of TypeScript or JavaScript anew; what it exports is declared in the cell, process.argv has the arguments",
  },
  { name: "who", sign: "%", subject: "words", usage: "%who", help: "names of the variables that cells have declared" },
  { name: "whos", sign: "%", subject: "words", usage: "%whos", help: "the same as a table with types and values" },
  {
    name: "",
    sign: "!",
    subject: "words",
    usage: "!COMMAND",
    help: "run a command in the shell, output as it comes; {name} stands for the value of a variable",
  },
  {
    name: "",
    sign: "?",
    subject: "words",
    usage: "NAME?  ?NAME  NAME??",
    help: "what is known of a name: signature, documentation, fields of options; ?? with its source",
  },
  { name: "lsmagic", sign: "%", subject: "words", usage: "%lsmagic", help: "this list" },
  { name: "help", sign: "%", subject: "words", usage: "%help [MAGIC]", help: "this list, or one of its lines" },
  {
    name: "bash",
    sign: "%%",
    subject: "text",
    usage: "%%bash",
    help: "run the rest of the cell as a script of bash, output as it comes; another exit code than 0 is an error",
  },
  { name: "sh", sign: "%%", subject: "text", usage: "%%sh", help: "the same with sh" },
  { name: "html", sign: "%%", subject: "text", usage: "%%html", help: "the rest of the cell is shown as HTML" },
  {
    name: "markdown",
    sign: "%%",
    subject: "text",
    usage: "%%markdown",
    help: "the rest of the cell is shown as Markdown",
  },
  { name: "time", sign: "%%", subject: "code", usage: "%%time", help: "CPU and wall time of the whole cell" },
  {
    name: "timeit",
    sign: "%%",
    subject: "code",
    usage: `%%timeit ${TIMEIT_USAGE}`,
    help: "how long the rest of the cell takes, over many runs; its declarations do not stay",
  },
];

/** A magic that does not exist or is used wrongly; `line` is that of the cell, counted from 1. */
export class MagicError extends Error {
  override readonly name = "MagicError";
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/** The magic of that sign and name; undefined when there is none. */
export function findMagic(sign: "%" | "%%", name: string): MagicEntry | undefined {
  return MAGICS.find((magic) => magic.sign === sign && magic.name === name);
}

/** The magic of that sign and name; throws a MagicError that names the nearest, or all of them. */
export function magicNamed(sign: "%" | "%%", name: string, line: number): MagicEntry {
  const found = findMagic(sign, name);
  if (found) return found;
  const other = sign === "%" ? "%%" : "%";
  const known = MAGICS.filter((magic) => magic.name !== "").map((magic) => magic.sign + magic.name);
  const nearest = findMagic(other, name) ? `${other}${name}` : nearestName(`${sign}${name}`, known);
  const hint = nearest ? `did you mean ${nearest}? %lsmagic lists them all` : `known are ${known.join(", ")}`;
  throw new MagicError(`there is no magic ${sign}${name}; ${hint}`, line);
}
