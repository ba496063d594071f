const told = new Set<string>();

/** What was chosen and what was skipped for it; the second time in a process without what was skipped. */
export function choiceOnce(choice: string): string {
  const [taken = choice] = choice.split("; skipped: ", 1);
  if (told.has(choice)) return taken;
  told.add(choice);
  return choice;
}
