import { relative } from "node:path";
import { isMessage, type Message } from "../wire/message.js";
import { applyCarriage } from "./carriage.js";
import { cellTitle } from "./cell-title.js";
import type { RunListener } from "./listener.js";
import type { CodeCell, Notebook } from "./notebook-file.js";
import { stampSeconds } from "./run-metadata.js";
import { textTwin } from "./text-twin.js";

export interface TerminalStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const LIVE_UPDATE_MILLISECONDS = 250;
const LOG_UPDATE_MILLISECONDS = 10_000;

/** `12.3 s`, `2 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

interface Writer {
  /** A line of our own; starts on a fresh line. */
  line(text: string): void;
  /** Text of the cell as it comes. */
  stream(text: string): void;
  /** A display that changes in place. */
  update(id: string, text: string): void;
  /** Ends what is pending. */
  settle(): void;
}

/** Text passes as it comes; carriage returns and colours are the terminal's business. */
function liveWriter(out: TerminalStream): Writer {
  let column = 0;
  let live: { id: string; printedAt: number; pending?: string } | undefined;
  const write = (text: string) => {
    if (text === "") return;
    out.write(text);
    column = text.endsWith("\n") ? 0 : 1;
  };
  const settle = () => {
    if (live?.pending) write(`\r\u001b[K${live.pending}`);
    live = undefined;
    if (column > 0) write("\n");
  };
  return {
    line(text) {
      settle();
      write(`${text}\n`);
    },
    stream(text) {
      if (live) settle();
      write(text);
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

/** Whole lines only, as a log wants them: progress that redraws its line shows its last state, colours are dropped. */
function logWriter(out: TerminalStream): Writer {
  let partial = "";
  const updates = new Map<string, { printedAt: number; pending?: string }>();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what starts an ANSI sequence
  const clean = (text: string) => text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").trimEnd();
  const settle = () => {
    if (partial !== "") out.write(`${clean(partial)}\n`);
    partial = "";
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
      if (end > 0) out.write(all.slice(0, end).split("\n").map(clean).join("\n"));
    },
    update(id, text) {
      const now = performance.now();
      const last = updates.get(id);
      if (last && now - last.printedAt < LOG_UPDATE_MILLISECONDS) last.pending = text;
      else {
        updates.set(id, { printedAt: now });
        out.write(`${text}\n`);
      }
    },
    settle,
  };
}

/** Shows a run as it happens: number and title of each cell, its output, its time. */
export function createTerminalListener(out: TerminalStream): RunListener {
  const writer = out.isTTY ? liveWriter(out) : logWriter(out);
  const style = (code: string) => (text: string) => (out.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, red, green] = [style("1"), style("2"), style("31"), style("32")];
  let notebook: Notebook | undefined;
  let total = 0;
  let refused = "";
  const titleOf = (cell: CodeCell) => (notebook ? cellTitle(notebook, cell) : "");
  const show = (message: Message) => {
    if (isMessage(message, "stream")) writer.stream(message.content.text);
    else if (isMessage(message, "error"))
      writer.line(red(message.content.traceback.join("\n") || `${message.content.ename}: ${message.content.evalue}`));
    else if (isMessage(message, "display_data") || isMessage(message, "execute_result")) {
      const id = message.content.transient?.display_id;
      const text = textTwin(message.content.data);
      if (id) writer.update(id, text);
      else writer.line(text);
    } else if (isMessage(message, "update_display_data")) {
      writer.update(message.content.transient?.display_id ?? "", textTwin(message.content.data));
    }
  };
  return {
    notebookStarted(started, paths, kernel) {
      notebook = started;
      total = started.cells.filter((cell) => cell.cell_type === "code").length;
      writer.line(bold(`${relative(process.cwd(), paths.input) || paths.input}`) + dim(` on ${kernel.displayName}`));
    },
    kernelReady: (seconds) => writer.line(dim(`kernel ready after ${formatSeconds(seconds)}`)),
    cellStarted: (cell, number) => writer.line(`\n${bold(`[${number}/${total}] ${titleOf(cell)}`)}`),
    cellMessage: (_: CodeCell, message) => show(message),
    cellEnded(cell, number, status, stamp) {
      const seconds = formatSeconds(stampSeconds(stamp) ?? 0);
      if (status === "skipped") writer.line(dim(`\n[${number}/${total}] skipped`));
      else if (status === "kept") writer.line(dim(`\n[${number}/${total}] kept: ${titleOf(cell)}`));
      else
        writer.line(
          status === "completed" ? `${green("done")} ${dim(`in ${seconds}`)}` : red(`failed after ${seconds}`),
        );
    },
    notice: (text) => writer.line(text),
    saved() {
      refused = "";
    },
    saveFailed(_, error) {
      if (refused === error.message) return;
      refused = error.message;
      writer.line(red(`not saved: ${error.message}; the run goes on and the next save tries again`));
    },
  };
}
