let pattern: RegExp | undefined;
let called = "";

/**
 * From now on `asCalled` names the commands of `program` as they can be called here, e.g. `npx ictal train`, where a message speaks of
 * `ictal train`. `commands` are the first words that follow the program's name.
 */
export function nameCall(program: string, how: string, commands: readonly string[]): void {
  called = how;
  pattern = new RegExp(`(?<![\\w./@-]|npx )${program} (?=(?:${commands.join("|")})(?![\\w-]))`, "g");
}

/** The text with the program's commands as they can be called. */
export function asCalled(text: string): string {
  return pattern === undefined ? text : text.replace(pattern, `${called} `);
}
