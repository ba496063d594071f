import { elementAt } from "../base/lookup.js";
import { DEPTHWISE_CONV, DEPTHWISE_FILTER_GRADIENT } from "./depthwise.js";
import { kernel, type TraceKernels } from "./kernel.js";
import { product } from "./kernels-matmul.js";
import { concatenated, padded, sliced } from "./kernels-shape.js";
import { type TensorInfo, tf } from "./tf.js";
import type { TraceBackend } from "./trace-backend.js";

/**
 * Convolutions of [B, H, W, C] with filters [h, w, C, F], as tfjs has them (a one-dimensional one has H = h = 1), and
 * their two gradients.
 */

type Padding = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
type Info = ReturnType<typeof tf.backend_util.computeConv2DInfo>;
type Pair = number | [number, number];

interface Convolution {
  readonly strides: Pair;
  readonly pad: Padding;
  readonly dilations?: Pair;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

function describe(inputShape: readonly number[], filterShape: readonly number[], attributes: Convolution): Info {
  return tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attributes.strides,
    attributes.dilations ?? 1,
    attributes.pad,
    attributes.dimRoundingMode,
  );
}

/** ONNX wants [B, C, H, W]. */
const toChannelsFirst = (backend: TraceBackend, x: TensorInfo) => backend.transposed(x, [0, 3, 1, 2]);
const toChannelsLast = (backend: TraceBackend, x: TensorInfo) => backend.transposed(x, [0, 2, 3, 1]);

interface Geometry {
  readonly kernel: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
}

/**
 * Whether ONNX Runtime 1.30's WebGPU convolution gets it wrong: it takes three channels at a time where 3 divides C, 4 does
 * not and 4 divides F, and then reads past them unless C is 3. Seen on SwiftShader (C 6, F 16, 3 or 7 taps); microsoft/onnxruntime#29651 may be the same.
 */
function isWrongOnWebgpu([, channels = 0]: readonly number[], [features = 0]: readonly number[]): boolean {
  return channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && features % 4 === 0;
}

const ONE_MORE_CHANNEL = [
  [0, 0],
  [0, 1],
  [0, 0],
  [0, 0],
] as const;

/** `x` [B, C, H, W] convolved with `filter` [F, C, h, w]. */
function convolved(
  backend: TraceBackend,
  x: TensorInfo,
  filter: TensorInfo,
  outShape: readonly number[],
  at: Geometry,
): TensorInfo {
  if (backend.provider === "webgpu" && isWrongOnWebgpu(x.shape, filter.shape)) {
    const widened = (tensor: TensorInfo) => padded(backend, tensor, ONE_MORE_CHANNEL);
    return convolved(backend, widened(x), widened(filter), outShape, at);
  }
  const name = backend.graph.add("Conv", [backend.dense(x), backend.dense(filter)], {
    kernel_shape: at.kernel,
    pads: at.pads,
    strides: at.strides ?? [1, 1],
    dilations: at.dilations ?? [1, 1],
  });
  return backend.computed(name, outShape, x.dtype);
}

const conv2d = kernel<{ x: TensorInfo; filter: TensorInfo }, Convolution>((backend, { x, filter }, attributes) => {
  const info = describe(x.shape, filter.shape, attributes);
  const { top, left, bottom, right } = info.padInfo;
  const weights = backend.transposed(filter, [3, 2, 0, 1]); // [F, C, h, w]
  const outShape = [info.batchSize, info.outChannels, info.outHeight, info.outWidth];
  const y = convolved(backend, toChannelsFirst(backend, x), weights, outShape, {
    kernel: [info.filterHeight, info.filterWidth],
    pads: [top, left, bottom, right],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
  });
  return toChannelsLast(backend, y);
});

/**
 * `x` plus `bias` [F] as part of the convolution that produces `x` [B, H, W, F], which saves a pass over the
 * result; undefined when `x` is not one.
 */
export function convolutionPlusBias(backend: TraceBackend, x: TensorInfo, bias: TensorInfo): TensorInfo | undefined {
  if (bias.shape.length !== 1 || bias.shape[0] !== x.shape.at(-1) || bias.shape[0] === 1) return undefined;
  const { value, axes } = backend.source(x);
  const node = backend.graph.producer(value.name);
  if (node?.op !== "Conv" || node.inputs.length > 2) return undefined;
  if (axes.join() !== [0, 2, 3, 1].filter((axis) => value.shape[axis] !== 1).join()) return undefined;
  const name = backend.graph.add("Conv", [...node.inputs, backend.dense(bias)], node.attributes);
  const [batch, channels, height, width] = value.shape as [number, number, number, number];
  const y = toChannelsLast(backend, backend.computed(name, [batch, channels, height, width], x.dtype));
  return backend.reshaped(y, x.shape);
}

/** With stride 1 the gradient is a convolution of dy with the filter reversed. */
function unitStrideInputGradient(backend: TraceBackend, dy: TensorInfo, filter: TensorInfo, info: Info): TensorInfo {
  const { filterHeight: h, filterWidth: w, padInfo } = info;
  const channelsFirst = backend.transposed(filter, [2, 3, 0, 1]); // [C, F, h, w]
  const flipped = sliced(backend, channelsFirst, [0, 0, h - 1, w - 1], channelsFirst.shape, [1, 1, -1, -1]);
  const outShape = [info.batchSize, info.inChannels, info.inHeight, info.inWidth];
  const dx = convolved(backend, toChannelsFirst(backend, dy), flipped, outShape, {
    kernel: [h, w],
    pads: [h - 1 - padInfo.top, w - 1 - padInfo.left, h - 1 - padInfo.bottom, w - 1 - padInfo.right],
  });
  return toChannelsLast(backend, dx);
}

const isUnitStride = (info: Info) => info.strideHeight === 1 && info.strideWidth === 1;
const sameSize = (info: Info) => info.inHeight === info.outHeight && info.inWidth === info.outWidth;

/** A row of windows that neither overlap nor leave gaps: each window's gradient is one matrix product. */
function isTiled(info: Info): boolean {
  const { padInfo } = info;
  const unpadded = padInfo.top === 0 && padInfo.left === 0 && padInfo.bottom === 0 && padInfo.right === 0;
  const flat = info.inHeight === 1 && info.filterHeight === 1;
  const isTiling = info.strideWidth === info.filterWidth && info.inWidth === info.outWidth * info.filterWidth;
  return flat && unpadded && isTiling && info.filterWidth > 1;
}

function tiledInputGradient(backend: TraceBackend, dy: TensorInfo, filter: TensorInfo, info: Info): TensorInfo {
  const { inChannels, outChannels, filterWidth } = info;
  const weights = backend.reshaped(filter, [filterWidth * inChannels, outChannels]); // [w·C, F]
  const rows = backend.reshaped(dy, [info.batchSize * info.outWidth, outChannels]); // [B·Wo, F]
  return backend.reshaped(product(backend, rows, weights, false, true), info.inShape);
}

/** Any stride: the transposed convolution, with the columns that no window reached added at the end. */
function stridedInputGradient(backend: TraceBackend, dy: TensorInfo, filter: TensorInfo, info: Info): TensorInfo {
  const { padInfo } = info;
  const unreached = (length: number, outLength: number, stride: number, size: number, before: number, after: number) =>
    length - ((outLength - 1) * stride + size - before - after);
  const missing = [
    unreached(info.inHeight, info.outHeight, info.strideHeight, info.filterHeight, padInfo.top, padInfo.bottom),
    unreached(info.inWidth, info.outWidth, info.strideWidth, info.filterWidth, padInfo.left, padInfo.right),
  ];
  const weights = backend.transposed(filter, [3, 2, 0, 1]); // [F, C, h, w]
  const name = backend.graph.add(
    "ConvTranspose",
    [backend.dense(toChannelsFirst(backend, dy)), backend.dense(weights)],
    {
      kernel_shape: [info.filterHeight, info.filterWidth],
      pads: [padInfo.top, padInfo.left, padInfo.bottom, padInfo.right],
      strides: [info.strideHeight, info.strideWidth],
      output_padding: missing,
    },
  );
  const shape = [info.batchSize, info.inChannels, info.inHeight, info.inWidth];
  return toChannelsLast(backend, backend.computed(name, shape, dy.dtype));
}

const conv2dInputGradient = kernel<{ dy: TensorInfo; filter: TensorInfo }, Convolution & { inputShape: number[] }>(
  (backend, { dy, filter }, attributes) => {
    const info = describe(attributes.inputShape, filter.shape, attributes);
    if (isTiled(info)) return tiledInputGradient(backend, dy, filter, info);
    const { top, left, bottom, right } = info.padInfo;
    const within =
      top < info.filterHeight && bottom < info.filterHeight && left < info.filterWidth && right < info.filterWidth;
    if (isUnitStride(info) && within) {
      return unitStrideInputGradient(backend, dy, filter, info);
    }
    return stridedInputGradient(backend, dy, filter, info);
  },
);

/** One product when the windows tile the input: [w·C, B·Wo] by [B·Wo, F]. */
function tiledFilterGradient(backend: TraceBackend, x: TensorInfo, dy: TensorInfo, info: Info): TensorInfo {
  const rows = info.batchSize * info.outWidth;
  const patches = backend.reshaped(x, [rows, info.filterWidth * info.inChannels]);
  const gradient = product(backend, patches, backend.reshaped(dy, [rows, info.outChannels]), true, false);
  return backend.reshaped(gradient, info.filterShape);
}

/**
 * Per tap of the filter, dy times the samples under that tap. In channels-first order, so that ONNX Runtime can cancel
 * the transposes against those of the forward convolution; tap by tap, since all taps side by side would hold the input
 * as many times as the filter is long.
 */
function tapwiseFilterGradient(backend: TraceBackend, x: TensorInfo, dy: TensorInfo, info: Info): TensorInfo {
  const { padInfo: p, batchSize, inChannels, outChannels, outHeight, outWidth } = info;
  const samples = outHeight * outWidth;
  const narrow = toChannelsFirst(backend, x);
  const wide = padded(backend, narrow, [
    [0, 0],
    [0, 0],
    [p.top, p.bottom],
    [p.left, p.right],
  ]);
  const gradient = backend.reshaped(toChannelsFirst(backend, dy), [batchSize, outChannels, samples]); // [B, F, S]
  const shape = [batchSize, inChannels, outHeight, outWidth];
  const taps: TensorInfo[] = [];
  for (let row = 0; row < info.filterHeight; row++) {
    for (let column = 0; column < info.filterWidth; column++) {
      const isUnmoved = row === p.top && column === p.left && isUnitStride(info) && sameSize(info);
      const under = isUnmoved
        ? narrow
        : sliced(backend, wide, [0, 0, row, column], shape, [1, 1, info.strideHeight, info.strideWidth]);
      const matrix = backend.reshaped(under, [batchSize, inChannels, samples]); // [B, C, S]
      taps.push(summedOverBatch(backend, product(backend, gradient, matrix, false, true))); // [1, F, C]
    }
  }
  return backend.reshaped(backend.transposed(concatenated(backend, taps, 0), [0, 2, 1]), info.filterShape);
}

function summedOverBatch(backend: TraceBackend, x: TensorInfo): TensorInfo {
  if (x.shape[0] === 1) return x;
  const name = backend.graph.add("ReduceSum", [backend.dense(x), backend.graph.integers([0])], { keepdims: 1 });
  return backend.computed(name, [1, ...x.shape.slice(1)], x.dtype);
}

const conv2dFilterGradient = kernel<{ x: TensorInfo; dy: TensorInfo }, Convolution & { filterShape: number[] }>(
  (backend, { x, dy }, attributes) => {
    const info = describe(x.shape, attributes.filterShape, attributes);
    const gradient = isTiled(info) ? tiledFilterGradient : tapwiseFilterGradient;
    return gradient(backend, x, dy, info);
  },
);

/** x [C, R, L] as one image whose C·R channels are groups of one, each with its own filter: no signal has to be moved. */
const depthwise = kernel<{ x: TensorInfo; filter: TensorInfo; bias?: TensorInfo }, { before: number }>(
  (backend, { x, filter, bias }, { before }) => {
    const [channels, rows, length] = x.shape as [number, number, number];
    const taps = elementAt(filter.shape, 1);
    const groups = channels * rows;
    const perSignal = (tensor: TensorInfo, size: number[]) => {
      const wide = backend.widened(backend.reshaped(tensor, [channels, 1, ...size]), [channels, rows, ...size]);
      return backend.reshaped(wide, [groups, ...size.flatMap((each) => [1, each])]);
    };
    const inputs = [backend.reshaped(x, [1, groups, length]), perSignal(filter, [taps])];
    if (bias) inputs.push(perSignal(bias, []));
    const name = backend.graph.add(
      "Conv",
      inputs.map((input) => backend.dense(input)),
      { group: groups, kernel_shape: [taps], pads: [before, taps - 1 - before] },
    );
    return backend.reshaped(backend.computed(name, [1, groups, length], x.dtype), x.shape);
  },
);

/** The same with dy in the filter's place: as many positions as there are taps. */
const depthwiseFilterGradient = kernel<{ x: TensorInfo; dy: TensorInfo }, { taps: number; before: number }>(
  (backend, { x, dy }, { taps, before }) => {
    const [channels, rows, length] = x.shape as [number, number, number];
    const groups = channels * rows;
    const inputs = [backend.reshaped(x, [1, groups, length]), backend.reshaped(dy, [groups, 1, length])];
    const name = backend.graph.add(
      "Conv",
      inputs.map((input) => backend.dense(input)),
      { group: groups, kernel_shape: [length], pads: [before, taps - 1 - before] },
    );
    const perSignal = backend.reshaped(backend.computed(name, [1, groups, taps], x.dtype), [channels, rows, taps]);
    if (rows === 1) return backend.reshaped(perSignal, [channels, taps]);
    const sum = backend.graph.add("ReduceSum", [backend.dense(perSignal), backend.graph.integers([1])], {
      keepdims: 0,
    });
    return backend.computed(sum, [channels, taps], x.dtype);
  },
);

/** Convolutions and their gradients. */
export const CONV_KERNELS: TraceKernels = {
  Conv2D: conv2d,
  Conv2DBackpropFilter: conv2dFilterGradient,
  Conv2DBackpropInput: conv2dInputGradient,
  [DEPTHWISE_CONV]: depthwise,
  [DEPTHWISE_FILTER_GRADIENT]: depthwiseFilterGradient,
};
