import { MagicError } from "./catalogue.js";

/** How often `%timeit` runs its expression. */
export interface TimeitOptions {
  /** Loops of one run; undefined: as many as take a tenth of a second. */
  readonly loops?: number | undefined;
  /** @default 7 */
  readonly runs: number;
}

const DEFAULT_RUNS = 7;

/** Splits `-n 10 -r 3 f(x)` into options and expression; throws a MagicError for other options. `line` counts from 1. */
export function splitOptions(argument: string, line: number): { options: string; expression: string } {
  const options = /^(?:-[nr]\s*\d+(?:\s+|$))*/.exec(argument)?.[0] ?? "";
  const expression = argument.slice(options.length);
  const wrong = /^-[A-Za-z](?=\s+[\w$([{"'`])/.exec(expression)?.[0]; // a minus and a name may as well be the expression
  if (wrong !== undefined)
    throw new MagicError(
      `%timeit takes -n LOOPS and -r RUNS, whole numbers, before its expression; found ${wrong}`,
      line,
    );
  return { options: options.trim(), expression };
}

/** The options in such text; zero counts as not given. */
export function readOptions(text: string): TimeitOptions {
  const numberAfter = (letter: string) => Number(new RegExp(`-${letter}\\s*(\\d+)`).exec(text)?.[1] ?? 0);
  const [loops, runs] = [numberAfter("n"), numberAfter("r")];
  return { runs: runs || DEFAULT_RUNS, ...(loops > 0 ? { loops } : {}) };
}
