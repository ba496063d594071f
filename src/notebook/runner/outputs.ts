import { type DisplayContent, isMessage, type Message } from "../wire/message.js";
import type { Output } from "./notebook-file.js";

type DisplayOutput = Extract<Output, { data: unknown }>;

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

/** Collects the outputs of cells from iopub messages; display ids reach across cells. */
export interface OutputCollector {
  /** Applies one message to `outputs`, in place; returns true when it changed something. */
  apply(outputs: Output[], message: Message): boolean;
}

/** A collector for one notebook run. */
export function createOutputCollector(): OutputCollector {
  const displays = new Map<string, DisplayOutput[]>();
  const clearOnNext = new WeakSet<Output[]>();

  const push = (outputs: Output[], output: Output) => {
    if (clearOnNext.delete(outputs)) outputs.length = 0;
    const last = outputs.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
      const lineStart = last.text.lastIndexOf("\n") + 1; // only the last line can still change
      last.text = last.text.slice(0, lineStart) + applyCarriage(last.text.slice(lineStart) + output.text);
    } else outputs.push(output.output_type === "stream" ? { ...output, text: applyCarriage(output.text) } : output);
  };
  const register = (content: DisplayContent, output: DisplayOutput) => {
    const id = content.transient?.display_id;
    if (id) displays.set(id, [...(displays.get(id) ?? []), output]);
  };
  return {
    apply(outputs, message) {
      if (isMessage(message, "stream")) {
        if (message.content.text === "") return false;
        push(outputs, { output_type: "stream", name: message.content.name, text: message.content.text });
      } else if (isMessage(message, "display_data")) {
        const output: DisplayOutput = {
          output_type: "display_data",
          data: message.content.data,
          metadata: message.content.metadata ?? {},
        };
        push(outputs, output);
        register(message.content, output);
      } else if (isMessage(message, "execute_result")) {
        const { data, metadata, execution_count } = message.content;
        const output: DisplayOutput = {
          output_type: "execute_result",
          data,
          metadata: metadata ?? {},
          execution_count,
        };
        push(outputs, output);
        register(message.content, output);
      } else if (isMessage(message, "update_display_data")) {
        const shown = displays.get(message.content.transient?.display_id ?? "") ?? [];
        for (const output of shown) {
          output.data = message.content.data;
          output.metadata = message.content.metadata ?? {};
        }
        return shown.length > 0;
      } else if (isMessage(message, "error")) {
        const { ename, evalue, traceback } = message.content;
        push(outputs, { output_type: "error", ename, evalue, traceback: [...traceback] });
      } else if (isMessage(message, "clear_output")) {
        if (message.content.wait) clearOnNext.add(outputs);
        else outputs.length = 0;
      } else return false;
      return true;
    },
  };
}
