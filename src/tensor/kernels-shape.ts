import { UnsupportedError } from "@ictal/base/errors";
import { kernel, type TraceKernels, type Unary } from "./kernel.js";
import type { Recorder } from "./recorder.js";
import { type DataType, type TensorInfo, tf } from "./tf.js";
import { type Layout, sameShape } from "./views.js";

/**
 * The elements `starts + i · steps` for i < `shape`, on every axis. A negative step over a part of an axis is done in two:
 * the part forwards, then the whole of that turned round; ONNX Runtime's WebGPU provider gets the single one wrong.
 */
export function sliced(
  recorder: Recorder,
  x: TensorInfo,
  starts: readonly number[],
  shape: readonly number[],
  steps: readonly number[] = shape.map(() => 1),
): TensorInfo {
  const refilled = recorder.refilled(x, shape);
  if (refilled) return refilled;
  const turned = steps.flatMap((step, axis) => (step < 0 ? [axis] : []));
  const lowest = starts.map((start, axis) => (steps[axis]! < 0 ? start + (shape[axis]! - 1) * steps[axis]! : start));
  const forwards = slicedForwards(recorder, x, lowest, shape, steps.map(Math.abs));
  return turned.length === 0 ? forwards : turnedRound(recorder, forwards, turned);
}

function slicedForwards(
  recorder: Recorder,
  x: TensorInfo,
  starts: readonly number[],
  shape: readonly number[],
  steps: readonly number[],
): TensorInfo {
  const axes = shape.flatMap((length, axis) => (length === x.shape[axis] ? [] : [axis]));
  if (axes.length === 0) return recorder.shared(x);
  const layout = recorder.layout(x);
  if (layout) return slicedIn(recorder, x.dtype, layout, starts, shape, steps);
  const { graph } = recorder;
  const at = (values: readonly number[]) => graph.integers(axes.map((axis) => values[axis]!));
  const ends = starts.map((start, axis) => start + (shape[axis]! - 1) * steps[axis]! + 1);
  const inputs = [recorder.dense(x), at(starts), at(ends), graph.integers(axes), at(steps)];
  const cut = recorder.computed(graph.add("Slice", inputs), shape, x.dtype);
  if (steps.every((step) => step === 1)) recorder.cuts.set(cut.dataId, { from: inputs[0]!, shape: x.shape, starts });
  return cut;
}

/** The same before the transpose that made the tensor. */
function slicedIn(
  recorder: Recorder,
  dtype: DataType,
  { core, axes }: Layout,
  starts: readonly number[],
  shape: readonly number[],
  steps: readonly number[],
): TensorInfo {
  const own = (values: readonly number[]) => axes.map((_, axis) => values[axes.indexOf(axis)]!);
  const before = recorder.computed(core.name, core.shape, dtype);
  const { name } = recorder.core(slicedForwards(recorder, before, own(starts), own(shape), own(steps)));
  return recorder.inLayout({ name, shape: own(shape) }, axes, dtype);
}

/** `x` with the order along `axes` reversed. */
function turnedRound(recorder: Recorder, x: TensorInfo, axes: readonly number[]): TensorInfo {
  const { graph } = recorder;
  const starts = graph.integers(axes.map((axis) => x.shape[axis]! - 1));
  const ends = graph.integers(axes.map((axis) => -x.shape[axis]! - 1)); // before the first element
  const steps = graph.integers(axes.map(() => -1));
  return recorder.computed(
    graph.add("Slice", [recorder.dense(x), starts, ends, graph.integers(axes), steps]),
    x.shape,
    x.dtype,
  );
}

/** `x` with `before` and `after` elements of `value` added on every axis. */
export function padded(
  recorder: Recorder,
  x: TensorInfo,
  paddings: readonly (readonly [number, number])[],
  value = 0,
): TensorInfo {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return recorder.shared(x);
  const shape = x.shape.map((length, axis) => length + paddings[axis]![0] + paddings[axis]![1]);
  const moved = value === 0 ? movedPaddings(recorder, x, paddings) : undefined;
  const source = moved?.from ?? recorder.dense(x);
  const own = moved?.paddings ?? paddings;
  const amounts = [...own.map(([before]) => before), ...own.map(([, after]) => after)];
  const inputs = [source, recorder.graph.integers(amounts), recorder.scalar(value, x.dtype)];
  return recorder.computed(recorder.graph.add("Pad", inputs), shape, x.dtype);
}

/**
 * Padding what was cut out of `from` with zeros: one node with negative amounts where cut, provided that no side of an
 * axis was both cut and padded.
 */
function movedPaddings(recorder: Recorder, x: TensorInfo, paddings: readonly (readonly [number, number])[]) {
  const cut = recorder.cuts.get(x.dataId);
  if (!cut) return undefined;
  const ends = cut.shape.map((length, axis) => length - cut.starts[axis]! - x.shape[axis]!);
  const isBoth = paddings.some(([before, after], axis) => before * cut.starts[axis]! > 0 || after * ends[axis]! > 0);
  if (isBoth) return undefined;
  const moved = paddings.map(([before, after], axis) => [before - cut.starts[axis]!, after - ends[axis]!] as const);
  return { from: cut.from, paddings: moved };
}

/** The tensors one behind the other along `axis`. */
export function concatenated(recorder: Recorder, tensors: readonly TensorInfo[], axis: number): TensorInfo {
  const [first] = tensors as [TensorInfo];
  if (tensors.length === 1) return recorder.shared(first);
  const shape = [...first.shape];
  shape[axis] = tensors.reduce((length, tensor) => length + tensor.shape[axis]!, 0);
  const layouts = tensors.map((tensor) => recorder.layout(tensor));
  const [layout] = layouts;
  if (layout && layouts.every((each) => each && sameShape(each.axes, layout.axes))) {
    const before = layouts.map((each) => each!.core.name);
    const name = recorder.graph.add("Concat", before, { axis: layout.axes[axis]! });
    const own = layout.axes.map((_, i) => shape[layout.axes.indexOf(i)]!);
    return recorder.inLayout({ name, shape: own }, layout.axes, first.dtype);
  }
  const names = tensors.map((tensor) => recorder.dense(tensor));
  return recorder.computed(recorder.graph.add("Concat", names, { axis }), shape, first.dtype);
}

const reshape = kernel<Unary, { shape: number[] }>((recorder, { x }, { shape }) =>
  recorder.reshaped(x, tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape(x.shape))),
);

const expandDims = kernel<{ input: TensorInfo }, { dim: number }>((recorder, { input }, { dim }) => {
  const shape = [...input.shape];
  shape.splice(dim < 0 ? input.shape.length + dim + 1 : dim, 0, 1);
  return recorder.reshaped(input, shape);
});

const slice = kernel<Unary, { begin: number | number[]; size: number | number[] }>(
  (recorder, { x }, { begin, size }) => {
    const [starts, shape] = tf.slice_util.parseSliceParams(
      x as Parameters<typeof tf.slice_util.parseSliceParams>[0],
      begin,
      size,
    );
    return sliced(recorder, x, starts!, shape!); // only the shape of the tensor is read there
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

const stridedSlice = kernel<Unary, StridedSlice>((recorder, { x }, a) => {
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
  return recorder.reshaped(sliced(recorder, x, found.begin, lengths, found.strides), found.finalShape);
});

const pad = kernel<Unary, { paddings: [number, number][]; constantValue: number }>((recorder, { x }, attributes) =>
  padded(recorder, x, attributes.paddings, attributes.constantValue),
);

const mirrorPad = kernel<Unary, { paddings: [number, number][]; mode: "reflect" | "symmetric" }>(
  (recorder, { x }, { paddings, mode }) => {
    if (mode !== "reflect") throw new UnsupportedError(`mirrorPad in mode ${mode} cannot be traced; "reflect" can`);
    const shape = x.shape.map((length, axis) => length + paddings[axis]![0] + paddings[axis]![1]);
    const amounts = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
    const name = recorder.graph.add("Pad", [recorder.dense(x), recorder.graph.integers(amounts)], { mode });
    return recorder.computed(name, shape, x.dtype);
  },
);

const concat = kernel<Record<string, TensorInfo>, { axis: number }>((recorder, inputs, { axis }) => {
  const tensors = Object.values(inputs);
  const [only] = tf.util.parseAxisParam(axis, tensors[0]!.shape) as [number];
  const filled = tensors.filter((tensor) => tf.util.sizeFromShape(tensor.shape) > 0);
  return concatenated(recorder, filled.length > 0 ? filled : tensors.slice(0, 1), only);
});

const pack = kernel<Record<string, TensorInfo>, { axis: number }>((recorder, inputs, attributes) => {
  const rank = Object.values(inputs)[0]!.shape.length + 1;
  const axis = attributes.axis < 0 ? attributes.axis + rank : attributes.axis;
  const expanded = Object.values(inputs).map((tensor) => {
    const shape = [...tensor.shape];
    shape.splice(axis, 0, 1);
    return recorder.reshaped(tensor, shape);
  });
  return concatenated(recorder, expanded, axis);
});

/** Cut `x` along `axis` into pieces of these lengths. */
function split(recorder: Recorder, x: TensorInfo, axis: number, lengths: readonly number[]): TensorInfo[] {
  let start = 0;
  return lengths.map((length) => {
    const shape = x.shape.map((full, i) => (i === axis ? length : full));
    const starts = x.shape.map((_, i) => (i === axis ? start : 0));
    start += length;
    return sliced(recorder, x, starts, shape);
  });
}

const splitV = kernel<Unary, { numOrSizeSplits: number | number[]; axis: number }>((recorder, { x }, attributes) => {
  const [axis] = tf.util.parseAxisParam(attributes.axis, x.shape) as [number];
  const shaped = x as Parameters<typeof tf.backend_util.prepareSplitSize>[0]; // only its shape is read there
  return split(recorder, x, axis, tf.backend_util.prepareSplitSize(shaped, attributes.numOrSizeSplits, axis));
});

const unpack = kernel<{ value: TensorInfo }, { axis: number }>((recorder, { value }, attributes) => {
  const [axis] = tf.util.parseAxisParam(attributes.axis, value.shape) as [number];
  const pieces = split(recorder, value, axis, Array<number>(value.shape[axis]!).fill(1));
  const shape = value.shape.filter((_, i) => i !== axis);
  return pieces.map((piece) => recorder.reshaped(piece, shape));
});

const tile = kernel<Unary, { reps: number[] }>((recorder, { x }, { reps }) => {
  const shape = x.shape.map((length, axis) => length * reps[axis]!);
  if (x.shape.every((length, axis) => length === 1 || reps[axis] === 1)) return recorder.widened(x, shape);
  const name = recorder.graph.add("Tile", [recorder.dense(x), recorder.graph.integers(reps)]);
  return recorder.computed(name, shape, x.dtype);
});

const reverse = kernel<Unary, { dims: number | number[] }>((recorder, { x }, { dims }) => {
  const axes = tf.util.parseAxisParam(dims, x.shape);
  const starts = x.shape.map((length, axis) => (axes.includes(axis) ? length - 1 : 0));
  const steps = x.shape.map((_, axis) => (axes.includes(axis) ? -1 : 1));
  return sliced(recorder, x, starts, x.shape, steps);
});

const gather = kernel<{ x: TensorInfo; indices: TensorInfo }, { axis: number; batchDims: number }>(
  (recorder, { x, indices }, { axis, batchDims }) => {
    if (batchDims !== 0) throw new UnsupportedError(`gather with batchDims ${batchDims} cannot be traced; 0 can`);
    const [only] = tf.util.parseAxisParam(axis, x.shape) as [number];
    const shape = [...x.shape.slice(0, only), ...indices.shape, ...x.shape.slice(only + 1)];
    const name = recorder.graph.add("Gather", [recorder.dense(x), recorder.dense(indices)], { axis: only });
    return recorder.computed(name, shape, x.dtype);
  },
);

interface OneHot {
  depth: number;
  onValue: number;
  offValue: number;
  dtype: DataType;
}

const oneHot = kernel<{ indices: TensorInfo }, OneHot>((recorder, { indices }, { depth, onValue, offValue, dtype }) => {
  const classes = recorder.graph.constant(
    Int32Array.from({ length: depth }, (_, i) => i),
    "int32",
    [depth],
  );
  const expanded = recorder.reshaped(indices, [...indices.shape, 1]);
  const matches = recorder.elementwise("Equal", [expanded, recorder.computed(classes, [depth], "int32")], "bool");
  const on = recorder.filled(onValue, matches.shape, dtype);
  return recorder.elementwise("Where", [matches, on, recorder.filled(offValue, matches.shape, dtype)], dtype);
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
  Fill: kernel<object, Fill>((recorder, _, { shape, value, dtype }) =>
    recorder.filled(value, shape, dtype ?? "float32"),
  ),
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
  Transpose: kernel<Unary, { perm: number[] }>((recorder, { x }, { perm }) => recorder.transposed(x, perm)),
  Unpack: unpack,
};
