/** Where the string that opens at `start` ends: the index behind its closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/**
 * The first name that one object of `text` holds twice, at any depth, or undefined. JSON.parse keeps the last of them
 * without a word. `text` must be valid JSON.
 */
export function repeatedKey(text: string): string | undefined {
  const open: Set<string>[] = []; // the names met in every object that is still open
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    if (character !== '"') {
      at += 1;
      continue;
    }
    const end = endOfString(text, at);
    let next = end;
    while (/\s/.test(text[next] ?? "")) next += 1;
    if (text[next] === ":") {
      const name = JSON.parse(text.slice(at, end)) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
    at = end;
  }
  return undefined;
}
