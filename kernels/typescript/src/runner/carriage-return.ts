/**
 * The text that a terminal would show: `\r` returns to the start of the line, `\b` steps back, later characters
 * overwrite. A `\r` that ends the text is kept, since what follows may overwrite the line.
 */
export function applyCarriage(text: string): string {
  if (!/[\r\b]/.test(text)) return text;
  const lines = text.replace(/\r+\n/g, "\n").split("\n");
  return lines.map((line, i) => applyCarriageInLine(line, i === lines.length - 1)).join("\n");
}

function applyCarriageInLine(line: string, isLast: boolean): string {
  if (!/[\r\b]/.test(line)) return line;
  const shown: string[] = [];
  let column = 0;
  for (const character of line) {
    if (character === "\r") column = 0;
    else if (character === "\b") column = Math.max(0, column - 1);
    else shown[column++] = character;
  }
  const pending = isLast && line.endsWith("\r") ? "\r" : "";
  return shown.join("") + pending;
}
