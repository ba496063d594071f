import { hashOf } from "@ictal/base/canonical";
import { UnsupportedError } from "@ictal/base/errors";
import { memberOf } from "../base/lookup.js";
import type { DataType, Tensor } from "./tf.js";

/** Values of one tensor in row-major order: float32, int32, or bool as one byte each (0 or 1). */
export type Feed = Float32Array | Int32Array | Uint8Array;

/** Shape and element type of one program input; shapes are fixed, so pad a short batch. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
}

/** The array type of each element type. */
export const ARRAY_OF = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** The element type of a tfjs type; UnsupportedError for strings and complex numbers. */
export function elementType(dtype: DataType): TensorSpec["dtype"] {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype;
  throw new UnsupportedError(`a program cannot hold ${dtype} tensors; float32, int32 and bool are supported`);
}

/**
 * A computation written once in tensorflow.js operations, e.g. a training step or a forward pass.
 *
 * `build` must be a pure function of its inputs: what varies from run to run (learning rate, dropout masks, bias
 * corrections) has to be an input, since executors that trace call it once and replay the record. It must not read
 * tensor values (`dataSync`) and must return at least one tensor.
 */
export interface Program {
  readonly name: string;
  /** JSON that distinguishes this program from every other of the same name (model config, batch size, …). */
  readonly identity: unknown;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** Inputs (float32) that `build` also returns under the same name and shape: the executor carries them between runs. */
  readonly state?: readonly string[];
  /**
   * States that a run may leave unchanged: by state name the output, a float32 scalar, that is 0 in such a run. The value
   * that `build` returns for the state is then discarded.
   */
  readonly conditionalState?: Readonly<Record<string, string>>;
  build(inputs: Record<string, Tensor>): Record<string, Tensor>;
}

/** A program made ready by an executor, with its state. Runs are serial: a second call waits for the first. */
export interface Compiled {
  /** SHA-256 over name, identity, inputs and state names. */
  readonly programHash: string;
  /** Set some or all state values; the arrays are copied. Every state name must be set before the first run. */
  setState(values: Record<string, Float32Array>): void;
  /** Copies of the current state values. */
  getState(): Promise<Record<string, Float32Array>>;
  /** Run once on all inputs that are not state; returns the outputs that are not state, in fresh arrays. */
  run(feeds: Record<string, Feed>): Promise<Record<string, Feed>>;
  /** Free its memory; later calls fail. */
  dispose(): Promise<void>;
}

/** Names of the executors, in the order in which `auto` tries those that use a GPU, then the CPU ones. */
export const EXECUTOR_NAMES = ["onnx-cuda", "tensorflow", "webgpu", "onnx-webgpu", "onnx-cpu", "wasm", "cpu"] as const;
export type ExecutorName = (typeof EXECUTOR_NAMES)[number];

/** One way to run programs. */
export interface Executor {
  readonly name: ExecutorName;
  /** Make a program ready. Throws UnsupportedError when it uses an operation that this executor lacks. */
  compile(program: Program): Promise<Compiled>;
  dispose(): Promise<void>;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** A hash that differs between programs that compile to different graphs. */
export function programHash(program: Program): string {
  const { name, identity, inputs, state, conditionalState } = program;
  return hashOf({ name, identity, inputs, state: state ?? [], conditionalState: conditionalState ?? {} });
}

/** Whether a run with these results leaves the state called `name` unchanged. */
export function isStateUnchanged(program: Program, name: string, results: Readonly<Record<string, Feed>>): boolean {
  const gate = program.conditionalState?.[name];
  return gate !== undefined && results[gate]?.[0] === 0;
}

/** Throws a RangeError when the declaration of a program contradicts itself. */
export function checkProgram(program: Program): void {
  for (const [name, { shape }] of Object.entries(program.inputs)) {
    if (shape.some((length) => !Number.isSafeInteger(length) || length < 0)) {
      throw new RangeError(`program ${program.name}: invalid shape of input ${name}: [${shape}]`);
    }
  }
  for (const name of program.state ?? []) {
    const spec = program.inputs[name];
    if (!spec) throw new RangeError(`program ${program.name}: state ${name} is not among its inputs`);
    if (spec.dtype !== "float32")
      throw new RangeError(`program ${program.name}: state ${name} is ${spec.dtype}, not float32`);
  }
  for (const name of Object.keys(program.conditionalState ?? {})) {
    if (!program.state?.includes(name))
      throw new RangeError(`program ${program.name}: conditionalState names ${name}, which is not state`);
  }
}

/** Throws a RangeError unless `outputs` hold every state name with the shape and type of its input. */
export function checkOutputs(program: Program, outputs: Record<string, { shape: number[]; dtype: string }>): void {
  if (Object.keys(outputs).length === 0) throw new RangeError(`program ${program.name} returns no tensor`);
  for (const name of program.state ?? []) {
    const output = outputs[name];
    const { shape, dtype } = memberOf(program.inputs, name);
    if (!output) throw new RangeError(`program ${program.name} does not return its state ${name}`);
    if (output.dtype !== dtype || output.shape.join() !== shape.join()) {
      throw new RangeError(
        `program ${program.name} returns state ${name} as ${output.dtype} [${output.shape}], but it is declared ${dtype} [${shape}]`,
      );
    }
  }
  for (const [name, gate] of Object.entries(program.conditionalState ?? {})) {
    const output = program.state?.includes(gate) ? undefined : outputs[gate];
    if (output?.dtype !== "float32" || output.shape.length > 0) {
      throw new RangeError(
        `program ${program.name} keeps state ${name} when ${gate} is 0, but returns no float32 scalar of that name that is not state`,
      );
    }
  }
}
