import { UnsupportedError } from "@ictal/base/errors";
import { packageDir, requireOptional } from "./optional.js";
import { type Tensor, type Tensor4D, type TensorInfo, tf } from "./tf.js";

const PACKAGE = "@tensorflow/tfjs-backend-wasm";
export const WASM_BACKEND = "wasm";

/** Why the WebAssembly backend cannot be loaded and what to do, or undefined. */
export function wasmMissing(): string | undefined {
  if (packageDir(PACKAGE)) return undefined;
  return `the package ${PACKAGE} is not installed: npm install ${PACKAGE}@4.22.0 (one thread, at most 4 GB)`;
}

/** Load the backend, make it known to tfjs and give it the convolution gradient that it lacks. */
export async function loadWasm(): Promise<void> {
  requireOptional(PACKAGE);
  const previous = tf.getBackend();
  try {
    if (!(await tf.setBackend(WASM_BACKEND))) throw new UnsupportedError("the WebAssembly module could not be started");
  } finally {
    await tf.setBackend(previous);
  }
  if (tf.getKernel("Conv2DBackpropFilter", WASM_BACKEND)) return;
  tf.registerKernel({
    kernelName: "Conv2DBackpropFilter",
    backendName: WASM_BACKEND,
    kernelFunc: ({ inputs, attrs }) =>
      filterGradient(inputs as unknown as FilterGradientInputs, attrs as unknown as FilterGradientAttributes), // as tfjs documents them
  });
}

interface FilterGradientInputs {
  readonly x: TensorInfo;
  readonly dy: TensorInfo;
}

interface FilterGradientAttributes {
  readonly strides: number | [number, number];
  readonly pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly filterShape: [number, number, number, number];
}

function asTensor(info: TensorInfo): Tensor {
  return "rank" in info ? (info as Tensor) : tf.engine().makeTensorFromTensorInfo(info);
}

/** For each tap of the filter, the samples under it times dy. */
function filterGradient({ x, dy }: FilterGradientInputs, attributes: FilterGradientAttributes): Tensor {
  const { strides, pad, dimRoundingMode, filterShape } = attributes;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as Tensor4D["shape"],
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { padInfo: p, strideHeight, strideWidth, outHeight, outWidth, batchSize, inChannels, outChannels } = info;
  return tf.tidy(() => {
    const wide = tf.pad(asTensor(x), [
      [0, 0],
      [p.top, p.bottom],
      [p.left, p.right],
      [0, 0],
    ]);
    const gradient = tf.reshape(asTensor(dy), [-1, outChannels]);
    const taps: Tensor[] = [];
    for (let row = 0; row < info.filterHeight; row++) {
      for (let column = 0; column < info.filterWidth; column++) {
        const end = [
          batchSize,
          row + (outHeight - 1) * strideHeight + 1,
          column + (outWidth - 1) * strideWidth + 1,
          inChannels,
        ];
        const under = tf.stridedSlice(wide, [0, row, column, 0], end, [1, strideHeight, strideWidth, 1]);
        taps.push(tf.matMul(tf.transpose(tf.reshape(under, [-1, inChannels])), gradient)); // [C, F]
      }
    }
    return tf.reshape(tf.stack(taps), filterShape);
  });
}
