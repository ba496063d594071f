import { DEPTHWISE_CONV, DEPTHWISE_FILTER_GRADIENT } from "./depthwise.js";
import { kernel, type TraceKernels } from "./kernel.js";
import { product } from "./kernels-matmul.js";
import { concatenated, padded, sliced } from "./kernels-shape.js";
import type { Recorder } from "./recorder.js";
import { type TensorInfo, tf } from "./tf.js";

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
const toChannelsFirst = (recorder: Recorder, x: TensorInfo) => recorder.transposed(x, [0, 3, 1, 2]);
const toChannelsLast = (recorder: Recorder, x: TensorInfo) => recorder.transposed(x, [0, 2, 3, 1]);

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
  recorder: Recorder,
  x: TensorInfo,
  filter: TensorInfo,
  outShape: readonly number[],
  at: Geometry,
): TensorInfo {
  if (recorder.provider === "webgpu" && isWrongOnWebgpu(x.shape, filter.shape)) {
    const [more, moreFilter] = [x, filter].map((tensor) => padded(recorder, tensor, ONE_MORE_CHANNEL));
    return convolved(recorder, more!, moreFilter!, outShape, at);
  }
  const name = recorder.graph.add("Conv", [recorder.dense(x), recorder.dense(filter)], {
    kernel_shape: at.kernel,
    pads: at.pads,
    strides: at.strides ?? [1, 1],
    dilations: at.dilations ?? [1, 1],
  });
  return recorder.computed(name, outShape, x.dtype);
}

const conv2d = kernel<{ x: TensorInfo; filter: TensorInfo }, Convolution>((recorder, { x, filter }, attributes) => {
  const info = describe(x.shape, filter.shape, attributes);
  const { top, left, bottom, right } = info.padInfo;
  const weights = recorder.transposed(filter, [3, 2, 0, 1]); // [F, C, h, w]
  const outShape = [info.batchSize, info.outChannels, info.outHeight, info.outWidth];
  const y = convolved(recorder, toChannelsFirst(recorder, x), weights, outShape, {
    kernel: [info.filterHeight, info.filterWidth],
    pads: [top, left, bottom, right],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
  });
  return toChannelsLast(recorder, y);
});

/**
 * `x` plus `bias` [F] as part of the convolution that makes `x` [B, H, W, F], which saves a pass over the result;
 * undefined when `x` is none.
 */
export function convolutionPlusBias(recorder: Recorder, x: TensorInfo, bias: TensorInfo): TensorInfo | undefined {
  if (bias.shape.length !== 1 || bias.shape[0] !== x.shape.at(-1) || bias.shape[0] === 1) return undefined;
  const { value, axes } = recorder.source(x);
  const node = recorder.graph.maker(value.name);
  if (node?.op !== "Conv" || node.inputs.length > 2) return undefined;
  if (axes.join() !== [0, 2, 3, 1].filter((axis) => value.shape[axis] !== 1).join()) return undefined;
  const name = recorder.graph.add("Conv", [...node.inputs, recorder.dense(bias)], node.attributes);
  const [batch, channels, height, width] = value.shape as [number, number, number, number];
  const y = toChannelsLast(recorder, recorder.computed(name, [batch, channels, height, width], x.dtype));
  return recorder.reshaped(y, x.shape);
}

/** With stride 1 the gradient is a convolution of dy with the filter turned round. */
function unitStrideInputGradient(recorder: Recorder, dy: TensorInfo, filter: TensorInfo, info: Info): TensorInfo {
  const { filterHeight: h, filterWidth: w, padInfo } = info;
  const channelsFirst = recorder.transposed(filter, [2, 3, 0, 1]); // [C, F, h, w]
  const turned = sliced(recorder, channelsFirst, [0, 0, h - 1, w - 1], channelsFirst.shape, [1, 1, -1, -1]);
  const outShape = [info.batchSize, info.inChannels, info.inHeight, info.inWidth];
  const dx = convolved(recorder, toChannelsFirst(recorder, dy), turned, outShape, {
    kernel: [h, w],
    pads: [h - 1 - padInfo.top, w - 1 - padInfo.left, h - 1 - padInfo.bottom, w - 1 - padInfo.right],
  });
  return toChannelsLast(recorder, dx);
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

function tiledInputGradient(recorder: Recorder, dy: TensorInfo, filter: TensorInfo, info: Info): TensorInfo {
  const { inChannels, outChannels, filterWidth } = info;
  const weights = recorder.reshaped(filter, [filterWidth * inChannels, outChannels]); // [w·C, F]
  const rows = recorder.reshaped(dy, [info.batchSize * info.outWidth, outChannels]); // [B·Wo, F]
  return recorder.reshaped(product(recorder, rows, weights, false, true), info.inShape);
}

/** Any stride: the transposed convolution, with the columns that no window reached added at the end. */
function stridedInputGradient(recorder: Recorder, dy: TensorInfo, filter: TensorInfo, info: Info): TensorInfo {
  const { padInfo } = info;
  const unreached = (length: number, outLength: number, stride: number, size: number, before: number, after: number) =>
    length - ((outLength - 1) * stride + size - before - after);
  const missing = [
    unreached(info.inHeight, info.outHeight, info.strideHeight, info.filterHeight, padInfo.top, padInfo.bottom),
    unreached(info.inWidth, info.outWidth, info.strideWidth, info.filterWidth, padInfo.left, padInfo.right),
  ];
  const weights = recorder.transposed(filter, [3, 2, 0, 1]); // [F, C, h, w]
  const name = recorder.graph.add(
    "ConvTranspose",
    [recorder.dense(toChannelsFirst(recorder, dy)), recorder.dense(weights)],
    {
      kernel_shape: [info.filterHeight, info.filterWidth],
      pads: [padInfo.top, padInfo.left, padInfo.bottom, padInfo.right],
      strides: [info.strideHeight, info.strideWidth],
      output_padding: missing,
    },
  );
  const shape = [info.batchSize, info.inChannels, info.inHeight, info.inWidth];
  return toChannelsLast(recorder, recorder.computed(name, shape, dy.dtype));
}

const conv2dInputGradient = kernel<{ dy: TensorInfo; filter: TensorInfo }, Convolution & { inputShape: number[] }>(
  (recorder, { dy, filter }, attributes) => {
    const info = describe(attributes.inputShape, filter.shape, attributes);
    if (isTiled(info)) return tiledInputGradient(recorder, dy, filter, info);
    const { top, left, bottom, right } = info.padInfo;
    const within =
      top < info.filterHeight && bottom < info.filterHeight && left < info.filterWidth && right < info.filterWidth;
    if (isUnitStride(info) && within) {
      return unitStrideInputGradient(recorder, dy, filter, info);
    }
    return stridedInputGradient(recorder, dy, filter, info);
  },
);

/** One product when the windows tile the input: [w·C, B·Wo] by [B·Wo, F]. */
function tiledFilterGradient(recorder: Recorder, x: TensorInfo, dy: TensorInfo, info: Info): TensorInfo {
  const rows = info.batchSize * info.outWidth;
  const patches = recorder.reshaped(x, [rows, info.filterWidth * info.inChannels]);
  const gradient = product(recorder, patches, recorder.reshaped(dy, [rows, info.outChannels]), true, false);
  return recorder.reshaped(gradient, info.filterShape);
}

/**
 * Per tap of the filter, dy times the samples under that tap. In channels-first order, so that ONNX Runtime can cancel
 * the transposes against those of the forward convolution; tap by tap, since all taps side by side would hold the input
 * as many times as the filter is long.
 */
function tapwiseFilterGradient(recorder: Recorder, x: TensorInfo, dy: TensorInfo, info: Info): TensorInfo {
  const { padInfo: p, batchSize, inChannels, outChannels, outHeight, outWidth } = info;
  const samples = outHeight * outWidth;
  const narrow = toChannelsFirst(recorder, x);
  const wide = padded(recorder, narrow, [
    [0, 0],
    [0, 0],
    [p.top, p.bottom],
    [p.left, p.right],
  ]);
  const gradient = recorder.reshaped(toChannelsFirst(recorder, dy), [batchSize, outChannels, samples]); // [B, F, S]
  const shape = [batchSize, inChannels, outHeight, outWidth];
  const taps: TensorInfo[] = [];
  for (let row = 0; row < info.filterHeight; row++) {
    for (let column = 0; column < info.filterWidth; column++) {
      const isUnmoved = row === p.top && column === p.left && isUnitStride(info) && sameSize(info);
      const under = isUnmoved
        ? narrow
        : sliced(recorder, wide, [0, 0, row, column], shape, [1, 1, info.strideHeight, info.strideWidth]);
      const matrix = recorder.reshaped(under, [batchSize, inChannels, samples]); // [B, C, S]
      taps.push(summedOverBatch(recorder, product(recorder, gradient, matrix, false, true))); // [1, F, C]
    }
  }
  return recorder.reshaped(recorder.transposed(concatenated(recorder, taps, 0), [0, 2, 1]), info.filterShape);
}

function summedOverBatch(recorder: Recorder, x: TensorInfo): TensorInfo {
  if (x.shape[0] === 1) return x;
  const name = recorder.graph.add("ReduceSum", [recorder.dense(x), recorder.graph.integers([0])], { keepdims: 1 });
  return recorder.computed(name, [1, ...x.shape.slice(1)], x.dtype);
}

const conv2dFilterGradient = kernel<{ x: TensorInfo; dy: TensorInfo }, Convolution & { filterShape: number[] }>(
  (recorder, { x, dy }, attributes) => {
    const info = describe(x.shape, attributes.filterShape, attributes);
    const gradient = isTiled(info) ? tiledFilterGradient : tapwiseFilterGradient;
    return gradient(recorder, x, dy, info);
  },
);

/** x [C, R, L] as one image whose C·R channels are groups of one, each with its own filter: no signal has to be moved. */
const depthwise = kernel<{ x: TensorInfo; filter: TensorInfo; bias?: TensorInfo }, { before: number }>(
  (recorder, { x, filter, bias }, { before }) => {
    const [channels, rows, length] = x.shape as [number, number, number];
    const taps = filter.shape[1]!;
    const groups = channels * rows;
    const perSignal = (tensor: TensorInfo, size: number[]) => {
      const wide = recorder.widened(recorder.reshaped(tensor, [channels, 1, ...size]), [channels, rows, ...size]);
      return recorder.reshaped(wide, [groups, ...size.flatMap((each) => [1, each])]);
    };
    const inputs = [recorder.reshaped(x, [1, groups, length]), perSignal(filter, [taps])];
    if (bias) inputs.push(perSignal(bias, []));
    const name = recorder.graph.add(
      "Conv",
      inputs.map((input) => recorder.dense(input)),
      { group: groups, kernel_shape: [taps], pads: [before, taps - 1 - before] },
    );
    return recorder.reshaped(recorder.computed(name, [1, groups, length], x.dtype), x.shape);
  },
);

/** The same with dy in the filter's place: as many positions as there are taps. */
const depthwiseFilterGradient = kernel<{ x: TensorInfo; dy: TensorInfo }, { taps: number; before: number }>(
  (recorder, { x, dy }, { taps, before }) => {
    const [channels, rows, length] = x.shape as [number, number, number];
    const groups = channels * rows;
    const inputs = [recorder.reshaped(x, [1, groups, length]), recorder.reshaped(dy, [groups, 1, length])];
    const name = recorder.graph.add(
      "Conv",
      inputs.map((input) => recorder.dense(input)),
      { group: groups, kernel_shape: [length], pads: [before, taps - 1 - before] },
    );
    const perSignal = recorder.reshaped(recorder.computed(name, [1, groups, taps], x.dtype), [channels, rows, taps]);
    if (rows === 1) return recorder.reshaped(perSignal, [channels, taps]);
    const sum = recorder.graph.add("ReduceSum", [recorder.dense(perSignal), recorder.graph.integers([1])], {
      keepdims: 0,
    });
    return recorder.computed(sum, [channels, taps], x.dtype);
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
