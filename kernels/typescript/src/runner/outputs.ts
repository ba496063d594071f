import { formatJson } from "../wire/exact-json.js";
import { type DisplayContent, isMessage, type Message, type MimeBundle } from "../wire/message.js";
import type { Output } from "../notebook/notebook-file.js";
import { createStreamText, megabytes, type StreamText } from "./stream-text.js";

type StreamOutput = Extract<Output, { output_type: "stream" }>;
type DisplayOutput = Extract<Output, { data: unknown }>;

/** Characters of output that a cell may keep by default. */
export const DEFAULT_OUTPUT_LIMIT = 32_000_000;
/** Outputs that a cell may keep; so many small ones no page can show. */
const MOST_OUTPUTS = 10_000;
/** What an output costs besides its data. */
const OUTPUT_OVERHEAD = 100;

/** Collects the outputs of cells from iopub messages; display ids reach across cells. */
export interface OutputCollector {
  /** Applies one message to `outputs`, in place; returns true when it changed something. */
  apply(outputs: Output[], message: Message): boolean;
  /** Brings the texts of long streams up to date; call it before the outputs are read. */
  settle(): void;
}

/** What is known of one cell's outputs. */
interface CellState {
  clearOnNext: boolean;
  /** Characters kept in ended streams and in displays. */
  kept: number;
  dropped: number;
  open: { output: StreamOutput; text: StreamText } | undefined;
}

const freshState = (): CellState => ({ clearOnNext: false, kept: 0, dropped: 0, open: undefined });

function sizeOf(data: MimeBundle): number {
  let size = OUTPUT_OVERHEAD;
  for (const value of Object.values(data)) size += typeof value === "string" ? value.length : formatJson(value).length;
  return size;
}

/** A display that fits in `room` characters: as it is, else a sentence in its place. */
function fitting(data: MimeBundle, size: number, room: number): MimeBundle {
  if (size <= room) return data;
  return { "text/plain": `[${Object.keys(data).join(", ")}: ${megabytes(size)} left out, see --max-output]` };
}

/** Metadata as it is kept: the name of a live display means nothing once its kernel is gone. */
function storedMetadata({ metadata = {} }: DisplayContent): Record<string, unknown> {
  const { ictal, ...rest } = metadata;
  if (typeof ictal !== "object" || ictal === null) return metadata;
  const { displayId: _, ...others } = ictal as Record<string, unknown>;
  return Object.keys(others).length > 0 ? { ...rest, ictal: others } : rest;
}

/** A collector for one notebook run; a cell keeps about `limit` characters of output. */
export function createOutputCollector(limit = DEFAULT_OUTPUT_LIMIT): OutputCollector {
  const displays = new Map<string, DisplayOutput[]>();
  const states = new WeakMap<Output[], CellState>();
  const unsettled = new Map<StreamOutput, StreamText>();

  const stateOf = (outputs: Output[]): CellState => {
    const state = states.get(outputs) ?? freshState();
    states.set(outputs, state);
    return state;
  };
  const reset = (outputs: Output[]) => {
    outputs.length = 0;
    states.set(outputs, freshState());
  };
  const closeStream = (state: CellState) => {
    state.kept += state.open?.text.length ?? 0;
    state.open = undefined;
  };
  /** Adds an output, or counts it in the note that stands in for all beyond the most that are kept. */
  const add = (outputs: Output[], state: CellState, output: Output) => {
    closeStream(state);
    if (outputs.length < MOST_OUTPUTS || output.output_type === "error") return void outputs.push(output);
    state.dropped += 1;
    const text = `[${state.dropped} more outputs left out: a cell keeps ${MOST_OUTPUTS}]\n`;
    const last = outputs.at(-1);
    if (state.dropped > 1 && last?.output_type === "stream") last.text = text;
    else outputs.push({ output_type: "stream", name: "stderr", text });
  };
  const begin = (outputs: Output[]): CellState => {
    if (stateOf(outputs).clearOnNext) reset(outputs);
    return stateOf(outputs);
  };
  const addStream = (outputs: Output[], name: "stdout" | "stderr", piece: string) => {
    const state = begin(outputs);
    if (state.open?.output.name !== name || outputs.at(-1) !== state.open.output) {
      const output: StreamOutput = { output_type: "stream", name, text: "" };
      add(outputs, state, output);
      if (outputs.at(-1) !== output) return; // one too many
      state.open = { output, text: createStreamText(Math.max(0, limit - state.kept)) };
    }
    const { output, text } = state.open;
    text.append(piece);
    if (text.whole) output.text = text.text();
    else unsettled.set(output, text);
  };
  const addDisplay = (outputs: Output[], content: DisplayContent, executionCount?: number) => {
    const state = begin(outputs);
    closeStream(state);
    const size = sizeOf(content.data);
    const data = fitting(content.data, size, limit - state.kept);
    const metadata = storedMetadata(content);
    const output: DisplayOutput =
      executionCount === undefined
        ? { output_type: "display_data", data, metadata }
        : { output_type: "execute_result", data, metadata, execution_count: executionCount };
    add(outputs, state, output);
    state.kept += data === content.data ? size : OUTPUT_OVERHEAD;
    const id = content.transient?.display_id;
    if (id) displays.set(id, [...(displays.get(id) ?? []), output]);
  };
  const update = (content: DisplayContent): boolean => {
    const shown = displays.get(content.transient?.display_id ?? "") ?? [];
    for (const output of shown) {
      output.data = fitting(content.data, sizeOf(content.data), limit);
      output.metadata = storedMetadata(content);
    }
    return shown.length > 0;
  };
  return {
    apply(outputs, message) {
      if (isMessage(message, "stream")) {
        if (message.content.text === "") return false;
        addStream(outputs, message.content.name, message.content.text);
      } else if (isMessage(message, "display_data")) addDisplay(outputs, message.content);
      else if (isMessage(message, "execute_result"))
        addDisplay(outputs, message.content, message.content.execution_count);
      else if (isMessage(message, "update_display_data")) return update(message.content);
      else if (isMessage(message, "error")) {
        const { ename, evalue, traceback } = message.content;
        add(outputs, begin(outputs), { output_type: "error", ename, evalue, traceback: [...traceback] });
      } else if (isMessage(message, "clear_output")) {
        if (message.content.wait) stateOf(outputs).clearOnNext = true;
        else reset(outputs);
      } else return false;
      return true;
    },
    settle() {
      for (const [output, text] of unsettled) output.text = text.text();
      unsettled.clear();
    },
  };
}
