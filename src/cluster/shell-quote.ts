/** `text` quoted as one argument of a POSIX shell, as Python's `shlex.quote` does. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Arguments quoted and joined to one command line, as Python's `shlex.join` does. */
export function shellJoin(args: readonly string[]): string {
  return args.map(shellQuote).join(" ");
}
