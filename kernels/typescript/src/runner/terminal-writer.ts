import { withLineEdits, withoutControls } from "@ictal/base/printable";
import type { PacedStream } from "./backpressure.js";
import { applyCarriage } from "./carriage-return.js";

export interface TerminalStream extends PacedStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const LIVE_UPDATE_MILLISECONDS = 250;
const LOG_UPDATE_MILLISECONDS = 10_000;

/** How the listener's lines and the cells' output come to a terminal or a log. */
export interface TerminalWriter {
  /** A line of our own; starts on a fresh line. */
  line(text: string): void;
  /** Text of the cell as it comes. */
  stream(text: string): void;
  /** A display that changes in place. */
  update(id: string, text: string): void;
  /** Ends what is pending. */
  settle(): void;
}

/** The begin of a control sequence whose end is yet to come. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what starts an ANSI sequence
const BEGUN_SEQUENCE = /\u001b(?:\[[0-?]{0,32})?$/;

/**
 * Text passes as it comes, with its colours and what edits its own line; sequences that move the cursor elsewhere, rename
 * the window or fill the clipboard are dropped.
 */
export function liveWriter(out: TerminalStream): TerminalWriter {
  let column = 0;
  let begun = "";
  let live: { id: string; printedAt: number; pending?: string } | undefined;
  const write = (text: string) => {
    if (text === "") return;
    out.write(text);
    column = text.endsWith("\n") ? 0 : 1;
  };
  const settle = () => {
    if (live?.pending) write(`\r\u001b[K${live.pending}`);
    live = undefined;
    begun = "";
    if (column > 0) write("\n");
  };
  return {
    line(text) {
      settle();
      write(`${text}\n`);
    },
    stream(text) {
      if (live) settle();
      const all = begun + text;
      begun = BEGUN_SEQUENCE.exec(all.slice(-40))?.[0] ?? "";
      write(withLineEdits(all.slice(0, all.length - begun.length)));
    },
    update(id, text) {
      const shown = text.slice(0, (out.columns ?? 80) - 1);
      const now = performance.now();
      if (live?.id !== id) {
        settle();
        live = { id, printedAt: Number.NEGATIVE_INFINITY };
      }
      if (now - live.printedAt < LIVE_UPDATE_MILLISECONDS) live.pending = shown;
      else {
        live = { id, printedAt: now };
        write(`\r\u001b[K${shown}`);
      }
    },
    settle,
  };
}

/** Beyond so many characters a line is written as far as it has come. */
const LONGEST_LINE = 65_536;
/** What must not end a part of a line: a return that is yet to be done, the begin of a colour. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what starts an ANSI sequence
const UNFINISHED = /(?:\r|\u001b(?:\[[0-9;?]*)?)$/;
const LONGEST_UNFINISHED = 32;

/**
 * Whole lines only, as a log wants them, if they are not very long: progress that redraws its line shows its last state,
 * colours and all other control sequences are dropped.
 */
export function logWriter(out: TerminalStream): TerminalWriter {
  let partial = "";
  let begun = false; // a part of the line is written
  const updates = new Map<string, { printedAt: number; pending?: string }>();
  const clean = (text: string) => withoutControls(text).trimEnd();
  const writePart = () => {
    const unfinished = UNFINISHED.exec(partial.slice(-LONGEST_UNFINISHED))?.[0] ?? "";
    out.write(withoutControls(partial.slice(0, partial.length - unfinished.length)));
    partial = unfinished;
    begun = true;
  };
  const endLine = () => {
    if (begun || partial !== "") out.write(`${clean(partial)}\n`);
    partial = "";
    begun = false;
  };
  const settle = () => {
    endLine();
    for (const update of updates.values()) if (update.pending) out.write(`${update.pending}\n`);
    updates.clear();
  };
  return {
    line(text) {
      settle();
      out.write(`${clean(text)}\n`);
    },
    stream(text) {
      const all = applyCarriage(partial + text);
      const end = all.lastIndexOf("\n") + 1;
      partial = all.slice(end);
      if (end > 0) {
        out.write(all.slice(0, end).split("\n").map(clean).join("\n"));
        begun = false;
      }
      if (partial.length > LONGEST_LINE) writePart();
    },
    update(id, text) {
      const now = performance.now();
      const last = updates.get(id);
      if (last && now - last.printedAt < LOG_UPDATE_MILLISECONDS) last.pending = text;
      else {
        updates.set(id, { printedAt: now });
        out.write(begun ? `\n${text}\n` : `${text}\n`);
        begun = false;
      }
    },
    settle,
  };
}
