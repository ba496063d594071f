import { elementAt } from "../base/lookup.js";
import type { Binary } from "./kernel.js";
import { sizeOf } from "./program.js";
import { type TensorInfo, tf } from "./tf.js";
import type { KernelCall } from "./trace-backend.js";

/**
 * Multiplications with addition that a kernel call takes: those of matrix products and convolutions, 0 for any other. A
 * product with a constant matrix, which is how sums along an axis are written, counts as what it is: no multiplication.
 */
export function multiplyAdds({ kernelName, inputs, attributes, isConstant }: KernelCall): number {
  if (Object.values(inputs).some((tensor) => tensor !== undefined && isConstant(tensor))) return 0;
  if (kernelName === "BatchMatMul") {
    const { a, b } = inputs as unknown as Binary;
    const batch = tf.backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const inner = elementAt(a.shape, attributes.transposeA ? -2 : -1);
    const rows = elementAt(a.shape, attributes.transposeA ? -1 : -2);
    const columns = elementAt(b.shape, attributes.transposeB ? -2 : -1);
    return sizeOf(batch) * rows * inner * columns;
  }
  if (kernelName !== "Conv2D") return 0;
  const { strides, pad, dilations } = attributes as unknown as Convolution; // as tfjs documents them
  const { x, filter } = inputs as unknown as { x: TensorInfo; filter: TensorInfo };
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
  );
  return info.batchSize * info.outHeight * info.outWidth * sizeOf(info.filterShape);
}

interface Convolution {
  readonly strides: number | [number, number];
  readonly pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  readonly dilations?: number | [number, number];
}
