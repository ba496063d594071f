import { type Tensor, tf } from "../tensor/tf.js";
import type { ParameterGroup } from "./parameter-groups.js";

export interface OptimizerOptions {
  /** @default 0.05 */
  readonly weightDecay?: number;
  /** Decay biases, norms and state space scalars too, as the reference does. @default false */
  readonly decayAll?: boolean;
  /** @default 0.9 */
  readonly beta1?: number;
  /** @default 0.999 */
  readonly beta2?: number;
  /** @default 1e-8 */
  readonly epsilon?: number;
  /** Largest global norm of the gradient; 0 turns clipping off. @default 1 */
  readonly gradientClip?: number;
  /** Decay of the averaged weights; 0 keeps none. @default 0 */
  readonly averageDecay?: number;
}

/** Options with every default filled in. */
export type FilledOptimizerOptions = Required<OptimizerOptions>;

/** Fill in defaults. */
export function fillOptimizerOptions(options: OptimizerOptions = {}): FilledOptimizerOptions {
  return {
    weightDecay: 0.05,
    decayAll: false,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    gradientClip: 1,
    averageDecay: 0,
    ...options,
  };
}

/** What the optimizer carries between steps, one vector of each per parameter group. */
export type StateKind = "parameters" | "first" | "second" | "average";

/** The kinds that a run of these options carries. */
export function stateKinds(optimizer: FilledOptimizerOptions): readonly StateKind[] {
  return optimizer.averageDecay > 0 ? ["parameters", "first", "second", "average"] : ["parameters", "first", "second"];
}

/** What one batch gives: everything of it must be finite for the step to count. */
export interface Gradients {
  readonly loss: Tensor;
  readonly logits: Tensor;
  /** One vector per group. */
  readonly gradients: readonly Tensor[];
  /** Next values of the running statistics. */
  readonly buffers: ReadonlyMap<string, Tensor>;
}

/** Sums of squares at or above this count as not finite. */
const LARGEST = 3e38;

/** Everything that scales an update: scalars. `applied` is 1, or 0 for a step that must change nothing. */
export interface Scales {
  readonly finite: Tensor;
  readonly applied: Tensor;
  readonly clip: Tensor | undefined;
  readonly norm: Tensor;
}

/** The scalars of an update from a batch's gradients; `clip` is the largest global norm, 0 for any. */
export function scalesOf({ loss, gradients, buffers }: Gradients, clip: number): Scales {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  const norm2 = squares.length === 1 ? squares[0]! : tf.addN(squares);
  const statistics = [...buffers.values()].map((fresh) => tf.sum(tf.abs(fresh)));
  const all = tf.addN([norm2, tf.abs(loss), ...statistics]);
  const finite = tf.less(all, LARGEST); // false for NaN too
  const norm = tf.sqrt(norm2);
  return {
    finite,
    applied: tf.cast(finite, "float32"),
    norm,
    clip: clip > 0 ? tf.minimum(tf.div(clip, tf.add(norm, 1e-6)), 1) : undefined,
  };
}

/**
 * AdamW on one group (Loshchilov & Hutter 2019). A step that is not finite has its gradient replaced by zeros and every
 * rate multiplied by zero, so that parameters, moments and average come out bit by bit as they went in.
 */
export function updateGroup(
  group: ParameterGroup,
  gradient: Tensor,
  scales: Scales,
  inputs: Readonly<Record<string, Tensor>>,
  o: FilledOptimizerOptions,
): Record<string, Tensor> {
  const at = (kind: string) => inputs[`${kind}/${group.name}`]!;
  const clean = tf.where(scales.finite, gradient, tf.zerosLike(gradient));
  const g = scales.clip ? tf.mul(clean, tf.where(scales.finite, scales.clip, tf.zerosLike(scales.clip))) : clean;
  const first = tf.add(at("first"), tf.mul(tf.sub(g, at("first")), tf.mul(scales.applied, 1 - o.beta1)));
  const second = tf.add(at("second"), tf.mul(tf.sub(tf.square(g), at("second")), tf.mul(scales.applied, 1 - o.beta2)));
  const rate = tf.mul(inputs.learningRate!, scales.applied);
  const root = tf.add(tf.sqrt(tf.mul(second, inputs.secondCorrection!)), o.epsilon);
  const direction = tf.div(tf.mul(first, inputs.firstCorrection!), root);
  const before = at("parameters");
  const step = group.weightDecay > 0 ? tf.add(direction, tf.mul(before, group.weightDecay)) : direction;
  const parameters = tf.sub(before, tf.mul(step, rate));
  const outputs: Record<string, Tensor> = {
    [`parameters/${group.name}`]: parameters,
    [`first/${group.name}`]: first,
    [`second/${group.name}`]: second,
  };
  if (o.averageDecay > 0) {
    const share = tf.mul(inputs.averageShare!, scales.applied);
    outputs[`average/${group.name}`] = tf.add(at("average"), tf.mul(tf.sub(parameters, at("average")), share));
  }
  return outputs;
}
