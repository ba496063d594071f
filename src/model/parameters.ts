import { createRandom, type Random } from "../base/random.js";
import { sizeOf } from "../tensor/program.js";

/** How a parameter starts. Every value is a pure function of (seed, parameter name, index). */
export type Init =
  /** The same number everywhere. */
  | { readonly kind: "constant"; readonly value: number }
  /** Uniform in [-bound, bound). */
  | { readonly kind: "uniform"; readonly bound: number }
  /** Normal with mean 0. */
  | { readonly kind: "normal"; readonly deviation: number }
  /** Logarithm of a uniform number in [low, high). */
  | { readonly kind: "log-uniform"; readonly low: number; readonly high: number }
  /** Inverse softplus of a number drawn log-uniformly from [low, high) and kept at or above `floor`. */
  | { readonly kind: "softplus-inverse"; readonly low: number; readonly high: number; readonly floor: number };

/** One named array of a detector. */
export interface ParameterSpec {
  /** Name as in the state_dict of the same network in PyTorch. */
  readonly name: string;
  /** Layout as in PyTorch: convolution [out, in, k], linear [out, in], transposed convolution [in, out, k]. */
  readonly shape: readonly number[];
  /** All but "weight" are spared from weight decay unless a run asks for decay on everything. */
  readonly kind: "weight" | "bias" | "norm" | "decay-free" | "statistic";
  readonly init: Init;
}

/** Arrays by name, row-major in the layout of their specification. */
export type ParameterValues = Record<string, Float32Array>;

/** Total number of values of the given specifications. */
export function parameterCount(specs: readonly ParameterSpec[]): number {
  return specs.reduce((count, { shape }) => count + sizeOf(shape), 0);
}

function drawInto(out: Float32Array, init: Init, random: Random): void {
  switch (init.kind) {
    case "constant":
      out.fill(init.value);
      return;
    case "uniform":
      for (let i = 0; i < out.length; i++) out[i] = (2 * random.uniform(i) - 1) * init.bound;
      return;
    case "normal":
      for (let i = 0; i < out.length; i++) out[i] = random.normal(i) * init.deviation;
      return;
    case "log-uniform":
      for (let i = 0; i < out.length; i++) out[i] = Math.log(init.low + (init.high - init.low) * random.uniform(i));
      return;
    case "softplus-inverse": {
      const logLow = Math.log(init.low);
      const span = Math.log(init.high) - logLow;
      for (let i = 0; i < out.length; i++) {
        const value = Math.max(init.floor, Math.exp(logLow + span * random.uniform(i)));
        out[i] = value + Math.log(-Math.expm1(-value));
      }
    }
  }
}

/** Fresh starting values; each array depends on `seed` and its own name only, so adding a layer changes no other. */
export function initialValues(specs: readonly ParameterSpec[], seed: number): ParameterValues {
  const values: ParameterValues = {};
  for (const { name, shape, init } of specs) {
    const out = new Float32Array(sizeOf(shape));
    drawInto(out, init, createRandom(seed, `parameter/${name}`));
    values[name] = out;
  }
  return values;
}

/** PyTorch's default start of a convolution or linear layer: uniform within 1/sqrt(fan-in) (kaiming uniform, a = √5). */
export function fanInUniform(fanIn: number): Init {
  return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
}

const zero: Init = { kind: "constant", value: 0 };
const one: Init = { kind: "constant", value: 1 };

export interface ConvolutionShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  /** Leave the bias out where a batch norm follows and the names do not ask for one. @default true */
  readonly bias?: boolean;
}

/** Weight [outputs, inputs, kernel] and bias of a convolution. */
export function convolutionSpecs(name: string, shape: ConvolutionShape): ParameterSpec[] {
  const { inputs, outputs, kernel, bias = true } = shape;
  const init = fanInUniform(inputs * kernel);
  const weight: ParameterSpec = { name: `${name}.weight`, shape: [outputs, inputs, kernel], kind: "weight", init };
  return bias ? [weight, { name: `${name}.bias`, shape: [outputs], kind: "bias", init }] : [weight];
}

/** Weight [inputs, outputs, kernel] and bias of a transposed convolution; fans are counted as PyTorch counts them. */
export function transposedConvolutionSpecs(name: string, shape: ConvolutionShape): ParameterSpec[] {
  const { inputs, outputs, kernel, bias = true } = shape;
  const init = fanInUniform(outputs * kernel);
  const weight: ParameterSpec = { name: `${name}.weight`, shape: [inputs, outputs, kernel], kind: "weight", init };
  return bias ? [weight, { name: `${name}.bias`, shape: [outputs], kind: "bias", init }] : [weight];
}

/** Weight [outputs, inputs] and, unless `bias` is false, bias of a linear layer. */
export function linearSpecs(name: string, inputs: number, outputs: number, bias = true): ParameterSpec[] {
  const init = fanInUniform(inputs);
  const weight: ParameterSpec = { name: `${name}.weight`, shape: [outputs, inputs], kind: "weight", init };
  return bias ? [weight, { name: `${name}.bias`, shape: [outputs], kind: "bias", init }] : [weight];
}

/** Scale and offset of a batch or layer norm. */
export function normSpecs(name: string, channels: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [channels], kind: "norm", init: one },
    { name: `${name}.bias`, shape: [channels], kind: "norm", init: zero },
  ];
}

/** Running mean and variance of a batch norm. */
export function batchNormBuffers(name: string, channels: number): ParameterSpec[] {
  return [
    { name: `${name}.running_mean`, shape: [channels], kind: "statistic", init: zero },
    { name: `${name}.running_var`, shape: [channels], kind: "statistic", init: one },
  ];
}

function overwritten({ shape, kind, init }: ParameterSpec): Init {
  if (kind === "bias") return zero;
  if (kind !== "weight") return init;
  const [first, second, kernel] = shape as [number, number, number?];
  // By fan-out as PyTorch counts it, which takes the first axis, of a transposed convolution too.
  return { kind: "normal", deviation: Math.sqrt(2 / (kernel === undefined ? first + second : first * kernel)) };
}

/**
 * The same parameters with the start that the reference gives every layer, Mamba's included: convolutions normal by
 * fan-out (He et al., ICCV 2015), linear layers Xavier normal (Glorot & Bengio, AISTATS 2010), biases zero.
 */
export function withReferenceStart(specs: readonly ParameterSpec[]): ParameterSpec[] {
  return specs.map((spec) => ({ ...spec, init: overwritten(spec) }));
}
