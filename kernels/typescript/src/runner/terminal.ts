import { relative } from "node:path";
import { printable, printableLines, withColours, withoutControls } from "@ictal/base/printable";
import type { CodeCell, Notebook } from "../notebook/notebook-file.js";
import { type ErrorContent, isMessage, type Message } from "../wire/message.js";
import { createReaderPace } from "./backpressure.js";
import { cellTitle } from "./cell-title.js";
import type { RunListener } from "./listener.js";
import { outputText } from "./output-text.js";
import { stampSeconds } from "./run-metadata.js";
import { liveWriter, logWriter, type TerminalStream } from "./terminal-writer.js";

/** `12.3 s`, `2 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

const errorText = ({ traceback, ename, evalue }: ErrorContent): string =>
  withColours(traceback.join("\n") || `${ename}: ${evalue}`);

/** Shows a run as it happens: number and title of each cell, its output, its time. */
export function createTerminalListener(out: TerminalStream): RunListener {
  const writer = out.isTTY ? liveWriter(out) : logWriter(out);
  const pace = createReaderPace(out);
  const style = (code: string) => (text: string) => (out.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, red, green] = [style("1"), style("2"), style("31"), style("32")];
  let notebook: Notebook | undefined;
  let total = 0;
  let refused = "";
  const titleOf = (cell: CodeCell) => (notebook ? cellTitle(notebook, cell) : "");
  const show = (message: Message) => {
    if (isMessage(message, "stream")) writer.stream(message.content.text);
    else if (isMessage(message, "error")) writer.line(red(errorText(message.content)));
    else if (isMessage(message, "display_data") || isMessage(message, "execute_result")) {
      const id = message.content.transient?.display_id;
      const text = outputText(message.content.data);
      if (id) writer.update(id, text);
      else writer.line(text);
    } else if (isMessage(message, "update_display_data")) {
      writer.update(message.content.transient?.display_id ?? "", outputText(message.content.data));
    }
  };
  return {
    notebookStarted(started, paths, kernel) {
      notebook = started;
      total = started.cells.filter((cell) => cell.cell_type === "code").length;
      writer.line(
        bold(printable(relative(process.cwd(), paths.input) || paths.input)) +
          dim(` on ${printable(withoutControls(kernel.displayName))}`),
      );
    },
    kernelReady: (seconds) => writer.line(dim(`kernel ready after ${formatSeconds(seconds)}`)),
    cellStarted(cell, number) {
      pace.cellStarted();
      writer.line(`\n${bold(`[${number}/${total}] ${titleOf(cell)}`)}`);
    },
    cellMessage: (_: CodeCell, message) => show(message),
    ready: pace.ready,
    cellEnded(cell, number, status, stamp) {
      const seconds = formatSeconds(stampSeconds(stamp) ?? 0);
      if (status === "skipped") writer.line(dim(`\n[${number}/${total}] skipped`));
      else if (status === "kept") writer.line(dim(`\n[${number}/${total}] kept: ${titleOf(cell)}`));
      else
        writer.line(
          status === "completed" ? `${green("done")} ${dim(`in ${seconds}`)}` : red(`failed after ${seconds}`),
        );
    },
    notice: (text) => writer.line(printableLines(withoutControls(text))),
    saved() {
      refused = "";
    },
    saveFailed(_, error) {
      if (refused === error.message) return;
      refused = error.message;
      writer.line(red(`not saved: ${printable(error.message)}; the run goes on and the next save tries again`));
    },
  };
}
