import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from "./tf.js";
import type { TraceBackend } from "./trace-backend.js";

/** Records one call of a tfjs kernel as ONNX nodes and returns its result or results. */
export type TraceKernel = (
  backend: TraceBackend,
  inputs: NamedTensorInfoMap,
  attributes: NamedAttrMap,
) => TensorInfo | TensorInfo[];

/** Kernels by their tfjs name. */
export type TraceKernels = Readonly<Record<string, TraceKernel>>;

/** A kernel with the names of its inputs and the types of its attributes, which tfjs documents per kernel name. */
export function kernel<Inputs, Attributes = object>(
  record: (backend: TraceBackend, inputs: Inputs, attributes: Attributes) => TensorInfo | TensorInfo[],
): TraceKernel {
  return record as unknown as TraceKernel; // tfjs passes inputs and attributes as untyped maps
}

export interface Unary {
  readonly x: TensorInfo;
}

export interface Binary {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
}
