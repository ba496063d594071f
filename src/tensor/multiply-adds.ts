import { sizeOf } from "./program.js";
import type { KernelCall } from "./recorder.js";
import { tf } from "./tf.js";

/**
 * Multiplications with addition that a kernel call takes: those of matrix products and convolutions, 0 for any other. A
 * product with a constant matrix, which is how sums along an axis are written, counts as what it is: no multiplication.
 */
export function multiplyAdds({ kernelName, inputs, attributes, isConstant }: KernelCall): number {
  if (Object.values(inputs).some((tensor) => tensor !== undefined && isConstant(tensor))) return 0;
  if (kernelName === "BatchMatMul") {
    const a = inputs.a!.shape;
    const b = inputs.b!.shape;
    const batch = tf.backend_util.assertAndGetBroadcastShape(a.slice(0, -2), b.slice(0, -2));
    const inner = attributes.transposeA ? a.at(-2)! : a.at(-1)!;
    const rows = attributes.transposeA ? a.at(-1)! : a.at(-2)!;
    const columns = attributes.transposeB ? b.at(-2)! : b.at(-1)!;
    return sizeOf(batch) * rows * inner * columns;
  }
  if (kernelName !== "Conv2D") return 0;
  const { strides, pad, dilations } = attributes as unknown as Convolution; // as tfjs documents them
  const info = tf.backend_util.computeConv2DInfo(
    inputs.x!.shape as [number, number, number, number],
    inputs.filter!.shape as [number, number, number, number],
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
