import { closeSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { explainWriteError } from "@ictal/base/atomic-file";
import { makeFolder } from "@ictal/base/make-folder";
import type { Notebook } from "../notebook/notebook-file.js";
import { formatExactJson } from "../wire/exact-json.js";
import { isMessage, type Message } from "../wire/message.js";
import { errorLine } from "./cell-error.js";
import { cellTitle } from "./cell-title.js";
import type { RunListener } from "./listener.js";
import { outputText } from "./output-text.js";
import { stampSeconds } from "./run-metadata.js";

/** A log of runs: one JSON object per line, each written before the run goes on. */
export interface RunLog extends RunListener {
  close(): void;
}

function messageEvent(message: Message): Record<string, unknown> | undefined {
  if (isMessage(message, "stream")) return { event: "stream", ...message.content };
  if (isMessage(message, "error")) {
    const line = errorLine(message.content);
    return { event: "error", ...message.content, ...(line === undefined ? {} : { line }) };
  }
  const shown = isMessage(message, "display_data") || isMessage(message, "execute_result");
  if (!shown && !isMessage(message, "update_display_data")) return undefined;
  const { data } = message.content;
  return { event: "display", types: Object.keys(data), text: outputText(data) };
}

/**
 * Appends what happens to `path`: notebook-start, notice, kernel-ready, cell-start, stream, display, error, resources,
 * save, save-failed, cell-end, notebook-end; each with `time` and the notebook. A full disk ends the log, not the run:
 * `onFailure` is called once. Throws when the file cannot be opened.
 */
export async function openRunLog(path: string, onFailure: (error: Error) => void): Promise<RunLog> {
  let file: number | undefined;
  try {
    await makeFolder(dirname(path));
    file = openSync(path, "a");
  } catch (error) {
    throw explainWriteError(error, path);
  }
  let notebook: Notebook | undefined;
  let input = "";
  let current = 0;
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const write = (event: Record<string, unknown>) => {
    if (file === undefined) return;
    try {
      writeSync(file, `${formatExactJson({ time: new Date().toISOString(), notebook: input, ...event })}\n`);
    } catch (error) {
      close();
      onFailure(explainWriteError(error, path) as Error); // fs throws nothing but errors
    }
  };
  return {
    notebookStarted(started, paths, kernel, values) {
      notebook = started;
      input = paths.input;
      write({ event: "notebook-start", output: paths.output ?? null, kernel: kernel.name, parameters: values });
    },
    notice: (text) => write({ event: "notice", text }),
    kernelReady: (seconds, pid) => write({ event: "kernel-ready", seconds, pid }),
    cellStarted(cell, number) {
      current = number;
      write({ event: "cell-start", cell: number, title: notebook ? cellTitle(notebook, cell) : "" });
    },
    cellMessage(_, message) {
      const event = messageEvent(message);
      if (event) write({ ...event, cell: current });
    },
    sampled: (number, usage) => write({ event: "resources", cell: number, ...usage }),
    saved: (to, bytes, seconds) => write({ event: "save", path: to, bytes, seconds }),
    saveFailed: (to, error) => write({ event: "save-failed", path: to, message: error.message }),
    cellEnded(_, number, status, stamp) {
      const { startedAt, endedAt, ...resources } = stamp;
      write({ event: "cell-end", cell: number, status, seconds: stampSeconds(stamp) ?? 0, ...resources });
    },
    notebookEnded(seconds, failure) {
      const { kind, cell, line, message } = failure ?? {};
      write({ event: "notebook-end", seconds, failure: failure ? { kind, cell, line, message } : null });
    },
    close,
  };
}
