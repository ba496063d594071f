import { elementAt } from "../base/lookup.js";
import { multiplyAdds } from "../tensor/multiply-adds.js";
import { type Program, sizeOf } from "../tensor/program.js";
import { traceProgram } from "../tensor/trace.js";
import type { KernelCall } from "../tensor/trace-backend.js";
import { evaluation, type NamedTensors } from "./layers.js";
import { logitCount, type Network } from "./network.js";
import { parameterCount } from "./parameters.js";

/** What a summary says of one part of a network. */
export interface PartSummary {
  /** The first word or words of its parameters' names. */
  readonly name: string;
  /** Shape of its output for one window: positions, then channels. */
  readonly outputShape: readonly number[];
  readonly tensors: number;
  readonly parameters: number;
  /** Of the forward pass over one window: two per multiplication in a matrix product or convolution. */
  readonly flops: number;
}

export interface ModelSummary {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Parts in the order of the network. */
  readonly parts: readonly PartSummary[];
  readonly parameters: number;
  readonly buffers: number;
  /** Of the forward pass over one window. */
  readonly flops: number;
}

interface Found {
  outputShape: number[];
  multiplyAdds: number;
}

type PartOf = (parameter: string) => string;

/** Kernels that move values and compute none: their results are not a part's output. */
const MOVES =
  /^(Reshape|Transpose|Concat|Slice|SplitV|Pack|Unpack|Identity|PadV2|Reverse|Cast|ExpandDims|StridedSlice)$/;

/** The forward pass on one window, its operations counted by part: those after the use of a parameter belong to its part. */
function traced(network: Network, sampleCount: number, partOf: PartOf): Map<string, Found> {
  const found = new Map<string, Found>();
  let current: Found | undefined;
  const specs = [...network.parameters, ...network.buffers];
  const program: Program = {
    name: network.name,
    identity: null,
    inputs: Object.fromEntries([
      ["x", { shape: [1, network.inputChannels, sampleCount], dtype: "float32" as const }],
      ...specs.map(({ name, shape }) => [name, { shape, dtype: "float32" as const }] as const),
    ]),
    build({ x, ...named }) {
      if (!x) throw new RangeError("no input x");
      const p = new Proxy(named as NamedTensors, {
        get(tensors, name: string) {
          if (!tensors[name]) return undefined;
          const part = partOf(name);
          current = found.get(part) ?? { outputShape: [], multiplyAdds: 0 };
          found.set(part, current);
          return tensors[name];
        },
      });
      return { logits: network.forward(p, x, evaluation) };
    },
  };
  const observe = (call: KernelCall) => {
    if (!current) return;
    current.multiplyAdds += multiplyAdds(call);
    const [first] = [call.outputs].flat();
    if (first && !MOVES.test(call.kernelName)) current.outputShape = first.shape;
  };
  traceProgram(program, { observe });
  return found;
}

/** A shape for one window, without axes of length one: those of a batch and of images that are one row. */
function withoutShortAxes(shape: readonly number[]): number[] {
  const long = shape.filter((length) => length !== 1);
  return long.length === 0 ? [1] : long;
}

/**
 * Shapes, parameters and FLOPs of a network for one window of `sampleCount` samples. Its parts are the first `depth`
 * words of its parameters' names. The work is that of the forward pass in evaluation: matrix products and convolutions.
 * Elementwise operations are excluded, as is usual, and so are sums that are computed as products with 0 and 1. Throws a ConfigError when the network cannot
 * take that length.
 */
export function summarizeModel(network: Network, sampleCount: number, depth = 1): ModelSummary {
  const logits = logitCount(network, sampleCount);
  const partOf = (name: string) => name.split(".", depth).join(".");
  const work = traced(network, sampleCount, partOf);
  const parts = new Map<string, { tensors: number; parameters: number }>();
  for (const { name, shape } of network.parameters) {
    const entry = parts.get(partOf(name)) ?? { tensors: 0, parameters: 0 };
    entry.tensors += 1;
    entry.parameters += sizeOf(shape);
    parts.set(partOf(name), entry);
  }
  const described = [...parts].map(([name, counts], i) => {
    const { outputShape = [], multiplyAdds = 0 } = work.get(name) ?? {};
    const shape = i === parts.size - 1 ? [logits] : withoutShortAxes(outputShape);
    return { name, outputShape: shape, ...counts, flops: 2 * multiplyAdds };
  });
  return {
    name: network.name,
    inputShape: [network.inputChannels, sampleCount],
    outputShape: [logits],
    parts: described,
    parameters: parameterCount(network.parameters),
    buffers: parameterCount(network.buffers),
    flops: described.reduce((sum, { flops }) => sum + flops, 0),
  };
}

const count = (value: number) => value.toLocaleString("en-US");

/** FLOPs with three digits and an SI prefix. */
function flopsText(flops: number): string {
  const unit = [1e9, 1e6, 1e3].find((size) => flops >= size) ?? 1;
  const word = { 1e9: "GFLOP", 1e6: "MFLOP", 1e3: "kFLOP" }[unit] ?? "FLOP";
  const value = flops / unit;
  return `${value.toFixed(unit === 1 ? 0 : value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${word}`;
}

/** The summary as lines of text. */
export function formatSummary(summary: ModelSummary): string {
  const rows = summary.parts.map(({ name, outputShape, parameters, flops }) => [
    name,
    `[${outputShape.join(" x ")}]`,
    count(parameters),
    flopsText(flops),
  ]);
  const table = [
    ["part", "output", "parameters", "forward"],
    ...rows,
    ["total", `[${summary.outputShape.join(" x ")}]`, count(summary.parameters), flopsText(summary.flops)],
  ];
  const widthOf = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0));
  const widths = [0, 1, 2, 3].map(widthOf);
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  return [
    `${summary.name}: [${summary.inputShape.join(" x ")}] to ${count(elementAt(summary.outputShape, 0))} logits`,
    ...lines.map((line) => `  ${line}`),
  ].join("\n");
}
