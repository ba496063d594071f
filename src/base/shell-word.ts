/** A word as a shell reads it back. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Words as one line of shell. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
