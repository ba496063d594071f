import type { Output } from "../notebook/notebook-file.js";
import { formatJson } from "../wire/exact-json.js";
import { type DisplayContent, isMessage, type Message, type MimeBundle } from "../wire/message.js";
import { createStreamText, megabytes, type StreamText } from "./stream-text.js";

type StreamOutput = Extract<Output, { output_type: "stream" }>;
type DisplayOutput = Extract<Output, { data: unknown }>;

/** Characters of output that a cell may keep by default. */
export const DEFAULT_OUTPUT_LIMIT = 32_000_000;
/** Outputs that a cell may keep; so many small ones no page can show. */
const MOST_OUTPUTS = 10_000;
/** What an output costs besides its data. */
const OUTPUT_OVERHEAD = 100;

/** What is known of one cell's outputs. */
interface CellState {
  clearOnNext: boolean;
  /** Characters retained in ended streams and in displays. */
  retained: number;
  dropped: number;
  open: { output: StreamOutput; text: StreamText } | undefined;
}

const freshState = (): CellState => ({ clearOnNext: false, retained: 0, dropped: 0, open: undefined });

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

/** Metadata as it is stored: the name of a live display means nothing once its kernel is gone. */
function storedMetadata({ metadata = {} }: DisplayContent): Record<string, unknown> {
  const { ictal, ...rest } = metadata;
  if (typeof ictal !== "object" || ictal === null) return metadata;
  const { displayId: _, ...others } = ictal as Record<string, unknown>;
  return Object.keys(others).length > 0 ? { ...rest, ictal: others } : rest;
}

/** Collects the outputs of a notebook run's cells from iopub messages; display ids reach across cells. */
export class OutputCollector {
  /** Characters of output that a cell may keep. */
  readonly #limit: number;
  readonly #displays = new Map<string, DisplayOutput[]>();
  readonly #states = new WeakMap<Output[], CellState>();
  readonly #unsettled = new Map<StreamOutput, StreamText>();

  constructor(limit = DEFAULT_OUTPUT_LIMIT) {
    this.#limit = limit;
  }

  /** Applies one message to `outputs`, in place; returns true when it changed something. */
  apply(outputs: Output[], message: Message): boolean {
    if (isMessage(message, "stream")) {
      if (message.content.text === "") return false;
      this.#addStream(outputs, message.content.name, message.content.text);
    } else if (isMessage(message, "display_data")) this.#addDisplay(outputs, message.content);
    else if (isMessage(message, "execute_result"))
      this.#addDisplay(outputs, message.content, message.content.execution_count);
    else if (isMessage(message, "update_display_data")) return this.#updateDisplay(message.content);
    else if (isMessage(message, "error")) {
      const { ename, evalue, traceback } = message.content;
      this.#add(outputs, this.#begin(outputs), { output_type: "error", ename, evalue, traceback: [...traceback] });
    } else if (isMessage(message, "clear_output")) {
      if (message.content.wait) this.#stateOf(outputs).clearOnNext = true;
      else this.#reset(outputs);
    } else return false;
    return true;
  }

  /** Brings the texts of long streams up to date; call it before the outputs are read. */
  settle(): void {
    for (const [output, text] of this.#unsettled) output.text = text.text();
    this.#unsettled.clear();
  }

  #stateOf(outputs: Output[]): CellState {
    const state = this.#states.get(outputs) ?? freshState();
    this.#states.set(outputs, state);
    return state;
  }

  #reset(outputs: Output[]): void {
    outputs.length = 0;
    this.#states.set(outputs, freshState());
  }

  /** The state of a cell that an output is added to; carries out a clear_output that waited for one. */
  #begin(outputs: Output[]): CellState {
    if (this.#stateOf(outputs).clearOnNext) this.#reset(outputs);
    return this.#stateOf(outputs);
  }

  /** Adds an output, or counts it in the note that stands in for all beyond the most that are retained. */
  #add(outputs: Output[], state: CellState, output: Output): void {
    closeStream(state);
    if (outputs.length < MOST_OUTPUTS || output.output_type === "error") return void outputs.push(output);
    state.dropped += 1;
    const text = `[${state.dropped} more outputs left out: a cell keeps ${MOST_OUTPUTS}]\n`;
    const last = outputs.at(-1);
    if (state.dropped > 1 && last?.output_type === "stream") last.text = text;
    else outputs.push({ output_type: "stream", name: "stderr", text });
  }

  #addStream(outputs: Output[], name: "stdout" | "stderr", piece: string): void {
    const state = this.#begin(outputs);
    if (state.open?.output.name !== name || outputs.at(-1) !== state.open.output) {
      const output: StreamOutput = { output_type: "stream", name, text: "" };
      this.#add(outputs, state, output);
      if (outputs.at(-1) !== output) return; // one too many
      state.open = { output, text: createStreamText(Math.max(0, this.#limit - state.retained)) };
    }
    const { output, text } = state.open;
    text.append(piece);
    if (text.whole) output.text = text.text();
    else this.#unsettled.set(output, text);
  }

  #addDisplay(outputs: Output[], content: DisplayContent, executionCount?: number): void {
    const state = this.#begin(outputs);
    closeStream(state);
    const size = sizeOf(content.data);
    const data = fitting(content.data, size, this.#limit - state.retained);
    const metadata = storedMetadata(content);
    const output: DisplayOutput =
      executionCount === undefined
        ? { output_type: "display_data", data, metadata }
        : { output_type: "execute_result", data, metadata, execution_count: executionCount };
    this.#add(outputs, state, output);
    state.retained += data === content.data ? size : OUTPUT_OVERHEAD;
    const id = content.transient?.display_id;
    if (id) this.#displays.set(id, [...(this.#displays.get(id) ?? []), output]);
  }

  #updateDisplay(content: DisplayContent): boolean {
    const shown = this.#displays.get(content.transient?.display_id ?? "") ?? [];
    for (const output of shown) {
      output.data = fitting(content.data, sizeOf(content.data), this.#limit);
      output.metadata = storedMetadata(content);
    }
    return shown.length > 0;
  }
}

function closeStream(state: CellState): void {
  state.retained += state.open?.text.length ?? 0;
  state.open = undefined;
}
