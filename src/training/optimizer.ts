import { type Tensor, tf } from "../tensor/tf.js";
import type { ParameterGroup } from "./parameter-groups.js";

/**
 * PyTorch's three: "adamw" decays weights apart from the gradient (Loshchilov & Hutter 2019), "adam" adds the decay to the
 * gradient (Kingma & Ba 2015), "sgd" does too and has momentum `beta1` (0 as PyTorch's default).
 */
export type OptimizerName = "adamw" | "adam" | "sgd";

export interface OptimizerOptions {
  /** @default "adamw" */
  readonly name?: OptimizerName;
  /** @default 0.05 */
  readonly weightDecay?: number;
  /** Decay biases, norms and state space scalars too, as the reference does. @default false */
  readonly decayAll?: boolean;
  /** Share of the old mean gradient; momentum of "sgd". @default 0.9, for "sgd" 0 */
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
    name: "adamw",
    weightDecay: 0.05,
    decayAll: false,
    beta1: options.name === "sgd" ? 0 : 0.9,
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

/** Everything that scales an update: scalars. `applied` is 1, or 0 for a step that must change no weight. */
export interface Scales {
  readonly finite: Tensor;
  /** Finite, and an update is due: `applied` as a truth value. */
  readonly counts: Tensor;
  readonly applied: Tensor;
  readonly clip: Tensor | undefined;
  readonly norm: Tensor;
}

/**
 * The scalars of an update from a batch's gradients; `clip` is the largest global norm, 0 for any; `update` is 0 where no
 * update is due, 1 (or undefined) where one is.
 */
export function scalesOf({ loss, gradients, buffers }: Gradients, clip: number, update?: Tensor): Scales {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  const norm2 = squares.length === 1 ? squares[0]! : tf.addN(squares);
  const statistics = [...buffers.values()].map((fresh) => tf.sum(tf.abs(fresh)));
  const all = tf.addN([norm2, tf.abs(loss), ...statistics]);
  const finite = tf.less(all, LARGEST); // false for NaN too
  const counts = update ? tf.less(all, tf.mul(update, LARGEST)) : finite;
  const norm = tf.sqrt(norm2);
  return {
    finite,
    counts,
    applied: tf.cast(counts, "float32"),
    norm,
    clip: clip > 0 ? tf.minimum(tf.div(clip, tf.add(norm, 1e-6)), 1) : undefined,
  };
}

/** Where a group goes: its state after the step, and the direction that the rate is multiplied with. */
interface Movement {
  readonly first: Tensor;
  readonly second: Tensor;
  readonly direction: Tensor;
}

/** The momentum buffer of PyTorch's SGD in place of the first moment; the second stays as it is. */
function sgdMovement(g: Tensor, first: Tensor, second: Tensor, scales: Scales, o: FilledOptimizerOptions): Movement {
  const change = tf.add(tf.mul(first, o.beta1 - 1), g);
  const momentum = tf.add(first, tf.mul(change, scales.applied));
  return { first: momentum, second: tf.clone(second), direction: momentum };
}

function adamMovement(
  g: Tensor,
  before: Pick<Movement, "first" | "second">,
  scales: Scales,
  inputs: Readonly<Record<string, Tensor>>,
  o: FilledOptimizerOptions,
): Movement {
  const first = tf.add(before.first, tf.mul(tf.sub(g, before.first), tf.mul(scales.applied, 1 - o.beta1)));
  const second = tf.add(
    before.second,
    tf.mul(tf.sub(tf.square(g), before.second), tf.mul(scales.applied, 1 - o.beta2)),
  );
  const root = tf.add(tf.sqrt(tf.mul(second, inputs.secondCorrection!)), o.epsilon);
  return { first, second, direction: tf.div(tf.mul(first, inputs.firstCorrection!), root) };
}

/**
 * The optimizer's step on one group. A step that is not finite has its gradient replaced by zeros and every
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
  const clean = tf.where(scales.counts, gradient, tf.zerosLike(gradient));
  const g = scales.clip ? tf.mul(clean, tf.where(scales.counts, scales.clip, tf.zerosLike(scales.clip))) : clean;
  const before = at("parameters");
  const decay = group.weightDecay > 0 ? tf.mul(before, group.weightDecay) : undefined;
  const pull = decay && o.name !== "adamw" ? tf.add(g, decay) : g;
  const { first, second, direction } =
    o.name === "sgd"
      ? sgdMovement(pull, at("first"), at("second"), scales, o)
      : adamMovement(pull, { first: at("first"), second: at("second") }, scales, inputs, o);
  const rate = tf.mul(inputs.learningRate!, scales.applied);
  const step = decay && o.name === "adamw" ? tf.add(direction, decay) : direction;
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
