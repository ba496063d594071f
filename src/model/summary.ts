import { sizeOf } from "../tensor/program.js";
import { type Detector, logitCount } from "./detector.js";
import { parameterCount } from "./parameters.js";

export interface ModelSummary {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Parameters per part, parts in the order of the network. */
  readonly parts: readonly { readonly name: string; readonly tensors: number; readonly parameters: number }[];
  readonly parameters: number;
  readonly buffers: number;
}

/** Shapes and parameter counts of a detector for windows of `sampleCount` samples; parts are its names' first words. */
export function summarize(detector: Detector, sampleCount: number): ModelSummary {
  const parts = new Map<string, { name: string; tensors: number; parameters: number }>();
  for (const { name, shape } of detector.parameters) {
    const part = name.split(".", 1)[0]!;
    const entry = parts.get(part) ?? { name: part, tensors: 0, parameters: 0 };
    entry.tensors += 1;
    entry.parameters += sizeOf(shape);
    parts.set(part, entry);
  }
  return {
    name: detector.name,
    inputShape: [detector.inputChannels, sampleCount],
    outputShape: [logitCount(detector, sampleCount)],
    parts: [...parts.values()],
    parameters: parameterCount(detector.parameters),
    buffers: parameterCount(detector.buffers),
  };
}

/** The summary as lines of text. */
export function formatSummary(summary: ModelSummary): string {
  const count = (value: number) => value.toLocaleString("en-US");
  const width = Math.max(...summary.parts.map(({ name }) => name.length), 5);
  const lines = summary.parts.map(
    ({ name, tensors, parameters }) =>
      `  ${name.padEnd(width)}  ${count(parameters).padStart(12)}  in ${tensors} tensors`,
  );
  return [
    `${summary.name}: [${summary.inputShape.join(" x ")}] to ${summary.outputShape[0]} logits`,
    ...lines,
    `  ${"total".padEnd(width)}  ${count(summary.parameters).padStart(12)}`,
  ].join("\n");
}
