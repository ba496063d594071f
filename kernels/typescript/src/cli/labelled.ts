import type { TerminalStream } from "../runner/terminal-writer.js";

/** A stream whose whole lines come out after `label`: one of several runs at once. Blank lines are dropped. */
export function labelled(out: TerminalStream, label: string): TerminalStream {
  let partial = "";
  const { once } = out;
  return {
    write(text) {
      const lines = (partial + text).split("\n");
      partial = lines.pop() ?? "";
      const shown = lines.filter((line) => line.trim() !== "").map((line) => `${label}: ${line}\n`);
      if (shown.length > 0) out.write(shown.join(""));
    },
    get writableNeedDrain() {
      return out.writableNeedDrain ?? false;
    },
    ...(once ? { once: once.bind(out) } : {}),
  };
}
