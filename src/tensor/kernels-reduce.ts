import { elementAt } from "../base/lookup.js";
import { kernel, type TraceKernel, type TraceKernels, type Unary } from "./kernel.js";
import { product } from "./kernels-matmul.js";
import { sizeOf } from "./program.js";
import { type DataType, type TensorInfo, tf } from "./tf.js";
import type { TraceBackend } from "./trace-backend.js";
import type { Layout } from "./transpose-folding.js";

interface Reduction {
  readonly axis?: number | number[];
  /** What Max calls `axis`. */
  readonly reductionIndices?: number | number[];
  readonly keepDims: boolean;
}

/** The axes of an attribute, ascending from 0; all of them where it is not given. */
function axesOf(axis: number | number[] | undefined, shape: number[]): number[] {
  return axis === undefined ? shape.map((_, i) => i) : tf.util.parseAxisParam(axis, shape);
}

/** Shape of `x` with the lengths of `axes` replaced by 1 or removed. */
function reducedShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  if (keepDims) return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return shape.filter((_, axis) => !axes.includes(axis));
}

function reduced(backend: TraceBackend, op: string, x: TensorInfo, attributes: Reduction): TensorInfo {
  const { axis, reductionIndices, keepDims } = attributes;
  const axes = axesOf(axis ?? reductionIndices, x.shape);
  const shape = reducedShape(x.shape, axes, keepDims);
  if (axes.length === 0) return backend.shared(x);
  const layout = backend.layout(x);
  if (layout) return reducedIn(backend, op, x, axes, layout, shape);
  const inputs = [backend.dense(x), backend.graph.integers(axes)];
  const name = backend.graph.add(op, inputs, { keepdims: keepDims ? 1 : 0 });
  return backend.computed(name, shape, x.dtype);
}

/** The same before the transpose that produced `x`. */
function reducedIn(
  backend: TraceBackend,
  op: string,
  x: TensorInfo,
  axes: readonly number[],
  layout: Layout,
  shape: readonly number[],
): TensorInfo {
  const own = axes.map((axis) => elementAt(layout.axes, axis)).sort((a, b) => a - b);
  const name = backend.graph.add(op, [layout.core.name, backend.graph.integers(own)], { keepdims: 1 });
  const kept = { name, shape: reducedShape(layout.core.shape, own, true) };
  return backend.reshaped(backend.inLayout(kept, layout.axes, x.dtype), shape);
}

function reduction(op: string, dtype?: (from: DataType) => DataType): TraceKernel {
  return kernel<Unary, Reduction>((backend, { x }, attributes) => {
    const target = dtype ? dtype(x.dtype) : x.dtype;
    const typed = target === x.dtype ? x : backend.cast(x, target);
    return reduced(backend, op, typed, attributes);
  });
}

/** Rows from which on a sum over them is a product with ones: that uses all threads, ReduceSum over leading axes does not. */
const ROWS = 32;

const asSummable = (dtype: DataType): DataType => (dtype === "bool" ? "int32" : dtype);
const plainSum = reduction("ReduceSum", asSummable);

const sum: TraceKernel = (backend, inputs, attributes) => {
  const { x } = inputs as unknown as Unary; // as tfjs documents them
  const { axis, keepDims } = attributes as unknown as Reduction;
  const axes = axesOf(axis, x.shape);
  const isLeading = axes.length < x.shape.length && axes.every((each, i) => each === i);
  const rows = sizeOf(x.shape.slice(0, axes.length));
  // what has rank 4 is images, whose axes the runtime turns round: there ReduceSum is fast
  if (x.dtype !== "float32" || x.shape.length > 3 || !isLeading || rows < ROWS)
    return plainSum(backend, inputs, attributes);
  const constant = backend.graph.constant(new Float32Array(rows).fill(1), "float32", [1, rows]);
  const ones = backend.computed(constant, [1, rows], "float32");
  const matrix = backend.reshaped(x, [rows, sizeOf(x.shape) / rows]);
  return backend.reshaped(product(backend, ones, matrix), reducedShape(x.shape, axes, keepDims));
};

/** Truth over an axis, by way of integers: ONNX reduces no booleans. */
function logicalReduction(op: string): TraceKernel {
  return kernel<Unary, Reduction>((backend, { x }, attributes) =>
    backend.cast(reduced(backend, op, backend.cast(x, "int32"), attributes), "bool"),
  );
}

function extremeIndex(op: string): TraceKernel {
  return kernel<Unary, { axis: number }>((backend, { x }, { axis }) => {
    const [only] = tf.util.parseAxisParam(axis, x.shape) as [number];
    const index = backend.graph.add(op, [backend.dense(x)], { axis: only, keepdims: 0 }); // int64
    const shape = reducedShape(x.shape, [only], false);
    return backend.cast(backend.computed(index, shape, "int32"), "int32");
  });
}

const cumulativeSum = kernel<Unary, { axis: number; exclusive: boolean; reverse: boolean }>(
  (backend, { x }, attributes) => {
    const [axis] = tf.util.parseAxisParam(attributes.axis, x.shape) as [number];
    const flags = { exclusive: attributes.exclusive ? 1 : 0, reverse: attributes.reverse ? 1 : 0 };
    const name = backend.graph.add("CumSum", [backend.dense(x), backend.scalar(axis, "int32")], flags);
    return backend.computed(name, x.shape, x.dtype);
  },
);

const softmax = kernel<{ logits: TensorInfo }>((backend, { logits }) =>
  backend.computed(backend.graph.add("Softmax", [backend.dense(logits)], { axis: -1 }), logits.shape, logits.dtype),
); // tfjs allows the last axis only

const asFloat = (): DataType => "float32";

/** Kernels that combine the elements along axes. */
export const REDUCE_KERNELS: TraceKernels = {
  All: logicalReduction("ReduceMin"),
  Any: logicalReduction("ReduceMax"),
  ArgMax: extremeIndex("ArgMax"),
  ArgMin: extremeIndex("ArgMin"),
  Cumsum: cumulativeSum,
  Max: reduction("ReduceMax"),
  Mean: reduction("ReduceMean", asFloat),
  Min: reduction("ReduceMin"),
  Prod: reduction("ReduceProd", asSummable),
  Softmax: softmax,
  Sum: sum,
};
