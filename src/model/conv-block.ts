import type { Tensor4D } from "../tensor/tf.js";
import { type ConvolutionOptions, convNorm, type ForwardContext, type NamedTensors, relu } from "./layers.js";
import {
  batchNormBuffers,
  type ConvolutionShape,
  convolutionSpecs,
  normSpecs,
  type ParameterSpec,
} from "./parameters.js";

/** Parameters and buffers of a network while it is being declared. */
export interface Declaration {
  readonly parameters: ParameterSpec[];
  readonly buffers: ParameterSpec[];
}

/** Declare `name.conv` and `name.bn`, the reference's ConvBlock. */
export function declareConvBlock(into: Declaration, name: string, shape: ConvolutionShape): void {
  into.parameters.push(...convolutionSpecs(`${name}.conv`, shape), ...normSpecs(`${name}.bn`, shape.outputs));
  into.buffers.push(...batchNormBuffers(`${name}.bn`, shape.outputs));
}

/** Convolution, batch norm, rectifier: [B, 1, L, in] to [B, 1, L, out]. */
export function convBlock(
  x: Tensor4D,
  p: NamedTensors,
  name: string,
  context: ForwardContext,
  options: ConvolutionOptions = {},
): Tensor4D {
  return relu(convNorm(x, p, { conv: `${name}.conv`, norm: `${name}.bn` }, context, options));
}
