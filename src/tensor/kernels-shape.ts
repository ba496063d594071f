import { UnsupportedError } from "@ictal/base/errors";
import { elementAt } from "../base/lookup.js";
import { kernel, type TraceKernels, type Unary } from "./kernel.js";
import { type DataType, type TensorInfo, tf } from "./tf.js";
import type { TraceBackend } from "./trace-backend.js";
import { type Layout, sameShape } from "./transpose-folding.js";

/**
 * The elements `starts + i · steps` for i < `shape`, on every axis. A negative step over a part of an axis is done in two:
 * the part forwards, then the whole of that reversed; ONNX Runtime's WebGPU provider gets the single one wrong.
 */
export function sliced(
  backend: TraceBackend,
  x: TensorInfo,
  starts: readonly number[],
  shape: readonly number[],
  steps: readonly number[] = shape.map(() => 1),
): TensorInfo {
  const refilled = backend.refilled(x, shape);
  if (refilled) return refilled;
  const backwards = steps.flatMap((step, axis) => (step < 0 ? [axis] : []));
  const lowest = starts.map(
    (start, axis) => start + (elementAt(shape, axis) - 1) * Math.min(0, elementAt(steps, axis)),
  );
  const forwards = slicedForward(backend, x, lowest, shape, steps.map(Math.abs));
  return backwards.length === 0 ? forwards : reversed(backend, forwards, backwards);
}

function slicedForward(
  backend: TraceBackend,
  x: TensorInfo,
  starts: readonly number[],
  shape: readonly number[],
  steps: readonly number[],
): TensorInfo {
  const axes = shape.flatMap((length, axis) => (length === x.shape[axis] ? [] : [axis]));
  if (axes.length === 0) return backend.shared(x);
  const layout = backend.layout(x);
  if (layout) return slicedIn(backend, x.dtype, layout, starts, shape, steps);
  const { graph } = backend;
  const at = (values: readonly number[]) => graph.integers(axes.map((axis) => elementAt(values, axis)));
  const ends = starts.map((start, axis) => start + (elementAt(shape, axis) - 1) * elementAt(steps, axis) + 1);
  const from = backend.dense(x);
  const inputs = [from, at(starts), at(ends), graph.integers(axes), at(steps)];
  const part = backend.computed(graph.add("Slice", inputs), shape, x.dtype);
  if (steps.every((step) => step === 1)) backend.slices.set(part.dataId, { from, shape: x.shape, starts });
  return part;
}

/** The same before the transpose that produced the tensor. */
function slicedIn(
  backend: TraceBackend,
  dtype: DataType,
  { core, axes }: Layout,
  starts: readonly number[],
  shape: readonly number[],
  steps: readonly number[],
): TensorInfo {
  const own = (values: readonly number[]) => axes.map((_, axis) => elementAt(values, axes.indexOf(axis)));
  const before = backend.computed(core.name, core.shape, dtype);
  const { name } = backend.core(slicedForward(backend, before, own(starts), own(shape), own(steps)));
  return backend.inLayout({ name, shape: own(shape) }, axes, dtype);
}

/** `x` with the order along `axes` reversed. */
function reversed(backend: TraceBackend, x: TensorInfo, axes: readonly number[]): TensorInfo {
  const { graph } = backend;
  const starts = graph.integers(axes.map((axis) => elementAt(x.shape, axis) - 1));
  const ends = graph.integers(axes.map((axis) => -elementAt(x.shape, axis) - 1)); // before the first element
  const steps = graph.integers(axes.map(() => -1));
  return backend.computed(
    graph.add("Slice", [backend.dense(x), starts, ends, graph.integers(axes), steps]),
    x.shape,
    x.dtype,
  );
}

type Paddings = readonly (readonly [before: number, after: number])[];

function paddedShape(shape: readonly number[], paddings: Paddings): number[] {
  return paddings.map(([before, after], axis) => before + elementAt(shape, axis) + after);
}

/** `x` with `before` and `after` elements of `value` added on every axis. */
export function padded(backend: TraceBackend, x: TensorInfo, paddings: Paddings, value = 0): TensorInfo {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return backend.shared(x);
  const shape = paddedShape(x.shape, paddings);
  const moved = value === 0 ? movedPaddings(backend, x, paddings) : undefined;
  const source = moved?.from ?? backend.dense(x);
  const own = moved?.paddings ?? paddings;
  const amounts = [...own.map(([before]) => before), ...own.map(([, after]) => after)];
  const inputs = [source, backend.graph.integers(amounts), backend.scalar(value, x.dtype)];
  return backend.computed(backend.graph.add("Pad", inputs), shape, x.dtype);
}

/**
 * Padding a slice of `from` with zeros: one node with negative amounts where sliced, provided that no side of an axis was
 * both sliced and padded.
 */
function movedPaddings(backend: TraceBackend, x: TensorInfo, paddings: Paddings) {
  const origin = backend.slices.get(x.dataId);
  if (!origin) return undefined;
  const sides = paddings.map(([before, after], axis) => {
    const start = elementAt(origin.starts, axis);
    const rest = elementAt(origin.shape, axis) - start - elementAt(x.shape, axis);
    return { before, after, start, rest };
  });
  if (sides.some(({ before, after, start, rest }) => before * start > 0 || after * rest > 0)) return undefined;
  return {
    from: origin.from,
    paddings: sides.map(({ before, after, start, rest }) => [before - start, after - rest] as const),
  };
}

/** The tensors concatenated along `axis`. */
export function concatenated(backend: TraceBackend, tensors: readonly TensorInfo[], axis: number): TensorInfo {
  const [first] = tensors as [TensorInfo];
  if (tensors.length === 1) return backend.shared(first);
  const shape = [...first.shape];
  shape[axis] = tensors.reduce((length, tensor) => length + elementAt(tensor.shape, axis), 0);
  const layout = backend.layout(first);
  const alike = tensors.flatMap((tensor) => {
    const own = backend.layout(tensor);
    return layout && own && sameShape(own.axes, layout.axes) ? [own.core.name] : [];
  });
  if (layout && alike.length === tensors.length) {
    const name = backend.graph.add("Concat", alike, { axis: elementAt(layout.axes, axis) });
    const own = layout.axes.map((_, i) => elementAt(shape, layout.axes.indexOf(i)));
    return backend.inLayout({ name, shape: own }, layout.axes, first.dtype);
  }
  const names = tensors.map((tensor) => backend.dense(tensor));
  return backend.computed(backend.graph.add("Concat", names, { axis }), shape, first.dtype);
}

const reshape = kernel<Unary, { shape: number[] }>((backend, { x }, { shape }) =>
  backend.reshaped(x, tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape(x.shape))),
);

const expandDims = kernel<{ input: TensorInfo }, { dim: number }>((backend, { input }, { dim }) => {
  const shape = [...input.shape];
  shape.splice(dim < 0 ? input.shape.length + dim + 1 : dim, 0, 1);
  return backend.reshaped(input, shape);
});

const slice = kernel<Unary, { begin: number | number[]; size: number | number[] }>(
  (backend, { x }, { begin, size }) => {
    const [starts = [], shape = []] = tf.slice_util.parseSliceParams(
      x as Parameters<typeof tf.slice_util.parseSliceParams>[0],
      begin,
      size,
    );
    return sliced(backend, x, starts, shape); // only the shape of the tensor is read there
  },
);

interface StridedSlice {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

const stridedSlice = kernel<Unary, StridedSlice>((backend, { x }, a) => {
  const found = tf.slice_util.sliceInfo(
    x.shape,
    a.begin,
    a.end,
    a.strides,
    a.beginMask,
    a.endMask,
    a.ellipsisMask,
    a.newAxisMask,
    a.shrinkAxisMask,
  );
  const lengths = tf.slice_util.computeOutShape(found.begin, found.end, found.strides);
  return backend.reshaped(sliced(backend, x, found.begin, lengths, found.strides), found.finalShape);
});

const pad = kernel<Unary, { paddings: [number, number][]; constantValue: number }>((backend, { x }, attributes) =>
  padded(backend, x, attributes.paddings, attributes.constantValue),
);

const mirrorPad = kernel<Unary, { paddings: [number, number][]; mode: "reflect" | "symmetric" }>(
  (backend, { x }, { paddings, mode }) => {
    if (mode !== "reflect") throw new UnsupportedError(`mirrorPad in mode ${mode} cannot be traced; "reflect" can`);
    const shape = paddedShape(x.shape, paddings);
    const amounts = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
    const name = backend.graph.add("Pad", [backend.dense(x), backend.graph.integers(amounts)], { mode });
    return backend.computed(name, shape, x.dtype);
  },
);

const concat = kernel<Record<string, TensorInfo>, { axis: number }>((backend, inputs, { axis }) => {
  const tensors = Object.values(inputs);
  const [only] = tf.util.parseAxisParam(axis, elementAt(tensors, 0).shape) as [number];
  const filled = tensors.filter((tensor) => tf.util.sizeFromShape(tensor.shape) > 0);
  return concatenated(backend, filled.length > 0 ? filled : tensors.slice(0, 1), only);
});

const pack = kernel<Record<string, TensorInfo>, { axis: number }>((backend, inputs, attributes) => {
  const tensors = Object.values(inputs);
  const rank = elementAt(tensors, 0).shape.length + 1;
  const axis = attributes.axis < 0 ? attributes.axis + rank : attributes.axis;
  const expanded = tensors.map((tensor) => {
    const shape = [...tensor.shape];
    shape.splice(axis, 0, 1);
    return backend.reshaped(tensor, shape);
  });
  return concatenated(backend, expanded, axis);
});

/** Split `x` along `axis` into parts of these lengths. */
function split(backend: TraceBackend, x: TensorInfo, axis: number, lengths: readonly number[]): TensorInfo[] {
  let start = 0;
  return lengths.map((length) => {
    const shape = x.shape.map((full, i) => (i === axis ? length : full));
    const starts = x.shape.map((_, i) => (i === axis ? start : 0));
    start += length;
    return sliced(backend, x, starts, shape);
  });
}

const splitV = kernel<Unary, { numOrSizeSplits: number | number[]; axis: number }>((backend, { x }, attributes) => {
  const [axis] = tf.util.parseAxisParam(attributes.axis, x.shape) as [number];
  const shaped = x as Parameters<typeof tf.backend_util.prepareSplitSize>[0]; // only its shape is read there
  return split(backend, x, axis, tf.backend_util.prepareSplitSize(shaped, attributes.numOrSizeSplits, axis));
});

const unpack = kernel<{ value: TensorInfo }, { axis: number }>((backend, { value }, attributes) => {
  const [axis] = tf.util.parseAxisParam(attributes.axis, value.shape) as [number];
  const parts = split(backend, value, axis, Array<number>(elementAt(value.shape, axis)).fill(1));
  const shape = value.shape.filter((_, i) => i !== axis);
  return parts.map((part) => backend.reshaped(part, shape));
});

const tile = kernel<Unary, { reps: number[] }>((backend, { x }, { reps }) => {
  const shape = x.shape.map((length, axis) => length * elementAt(reps, axis));
  if (x.shape.every((length, axis) => length === 1 || reps[axis] === 1)) return backend.widened(x, shape);
  const name = backend.graph.add("Tile", [backend.dense(x), backend.graph.integers(reps)]);
  return backend.computed(name, shape, x.dtype);
});

const reverse = kernel<Unary, { dims: number | number[] }>((backend, { x }, { dims }) => {
  const axes = tf.util.parseAxisParam(dims, x.shape);
  const starts = x.shape.map((length, axis) => (axes.includes(axis) ? length - 1 : 0));
  const steps = x.shape.map((_, axis) => (axes.includes(axis) ? -1 : 1));
  return sliced(backend, x, starts, x.shape, steps);
});

const gather = kernel<{ x: TensorInfo; indices: TensorInfo }, { axis: number; batchDims: number }>(
  (backend, { x, indices }, { axis, batchDims }) => {
    if (batchDims !== 0) throw new UnsupportedError(`gather with batchDims ${batchDims} cannot be traced; 0 can`);
    const [only] = tf.util.parseAxisParam(axis, x.shape) as [number];
    const shape = [...x.shape.slice(0, only), ...indices.shape, ...x.shape.slice(only + 1)];
    const name = backend.graph.add("Gather", [backend.dense(x), backend.dense(indices)], { axis: only });
    return backend.computed(name, shape, x.dtype);
  },
);

interface OneHot {
  depth: number;
  onValue: number;
  offValue: number;
  dtype: DataType;
}

const oneHot = kernel<{ indices: TensorInfo }, OneHot>((backend, { indices }, { depth, onValue, offValue, dtype }) => {
  const classes = backend.graph.constant(
    Int32Array.from({ length: depth }, (_, i) => i),
    "int32",
    [depth],
  );
  const expanded = backend.reshaped(indices, [...indices.shape, 1]);
  const matches = backend.elementwise("Equal", [expanded, backend.computed(classes, [depth], "int32")], "bool");
  const on = backend.filled(onValue, matches.shape, dtype);
  return backend.elementwise("Where", [matches, on, backend.filled(offValue, matches.shape, dtype)], dtype);
});

interface Fill {
  shape: number[];
  value: number;
  dtype?: DataType;
}

/** Kernels that move elements or make constants. */
export const SHAPE_KERNELS: TraceKernels = {
  Concat: concat,
  ExpandDims: expandDims,
  Fill: kernel<object, Fill>((backend, _, { shape, value, dtype }) => backend.filled(value, shape, dtype ?? "float32")),
  GatherV2: gather,
  MirrorPad: mirrorPad,
  OneHot: oneHot,
  Pack: pack,
  PadV2: pad,
  Reshape: reshape,
  Reverse: reverse,
  Slice: slice,
  SplitV: splitV,
  StridedSlice: stridedSlice,
  Tile: tile,
  Transpose: kernel<Unary, { perm: number[] }>((backend, { x }, { perm }) => backend.transposed(x, perm)),
  Unpack: unpack,
};
