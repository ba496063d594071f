/** Parsers of command-line flags, for commander. */

/** A flag's value that is refused; commander knows it by its code and names the flag. */
export class FlagError extends Error {
  readonly code = "commander.invalidArgument";
  readonly exitCode = 1;
}

/** A repeatable flag: its values in order. */
export const collect = (value: string, all: string[] = []): string[] => [...all, value];

/** A whole number from `least` to `most`. */
export function parseCount(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most === Number.MAX_SAFE_INTEGER ? `, at least ${least}` : ` from ${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new FlagError(`expected a whole number${range}`);
  };
}

/** A number from `least` to `most`. */
export function parseNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    throw new FlagError(`expected a number from ${least} to ${most}`);
  };
}
