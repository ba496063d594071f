import { type Defined, withDefaults } from "@ictal/base/options";
import { memberOf } from "../base/lookup.js";
import { type Tensor, tf } from "../tensor/tf.js";
import { OPTIMIZER_DEFAULTS, type OptimizerName, type OptimizerOptions } from "./optimizer-options.js";
import type { ParameterGroup } from "./parameter-groups.js";

export type { OptimizerName, OptimizerOptions };

/** Options with every default filled in. */
export type FilledOptimizerOptions = Defined<OptimizerOptions>;

/** Fill in defaults. */
export function fillOptimizerOptions(options: OptimizerOptions = {}): FilledOptimizerOptions {
  const beta1 = options.name === "sgd" ? 0 : OPTIMIZER_DEFAULTS.beta1;
  return withDefaults({ ...OPTIMIZER_DEFAULTS, beta1 }, options);
}

/** Optimizer options as the recipe of a checkpoint holds them, where the decay of the average has its name of version 0.1. */
type StoredOptimizer = Omit<FilledOptimizerOptions, "emaDecay"> & { readonly averageDecay: number };

/** Options in that form, defaults filled in; stored ones, of any version, are accepted too. */
export function storedOptimizer({
  averageDecay,
  ...options
}: OptimizerOptions & Partial<Pick<StoredOptimizer, "averageDecay">> = {}): StoredOptimizer {
  const { emaDecay, ...rest } = fillOptimizerOptions({ ...options, emaDecay: options.emaDecay ?? averageDecay });
  return { ...rest, averageDecay: emaDecay };
}

/** What the optimizer carries between steps, one vector of each per parameter group. */
type StateKind = "parameters" | "first" | "second" | "average";

/** The kinds that a run of these options carries. */
export function stateKinds(optimizer: FilledOptimizerOptions): readonly StateKind[] {
  return optimizer.emaDecay > 0 ? ["parameters", "first", "second", "average"] : ["parameters", "first", "second"];
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

/** Scalars of an update. */
interface Scales {
  /** 1 when everything of the batch is finite, else 0. */
  readonly finite: Tensor;
  /** 1 when it is finite and an update is due, else 0: then what `updateGroup` returns is meaningless. */
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
  const [onlySquare, ...otherSquares] = squares;
  const norm2 = onlySquare && otherSquares.length === 0 ? onlySquare : tf.addN(squares);
  const statistics = [...buffers.values()].map((fresh) => tf.sum(tf.abs(fresh)));
  const all = tf.addN([norm2, tf.abs(loss), ...statistics]);
  const finite = tf.cast(tf.less(all, LARGEST), "float32"); // 0 for NaN too
  const norm = tf.sqrt(norm2);
  return {
    finite,
    applied: update ? tf.mul(finite, update) : finite,
    norm,
    clip: clip > 0 ? tf.minimum(tf.div(clip, tf.add(norm, 1e-6)), 1) : undefined,
  };
}

/** What an optimizer's rule reads of a group: vectors, and the factor that clips the gradient. */
interface GroupInputs {
  readonly gradient: Tensor;
  /** The L2 penalty's gradient, added to the clipped one: the decay of "adam" and "sgd". */
  readonly l2Term: Tensor | undefined;
  readonly clip: Tensor | undefined;
  readonly first: Tensor;
  readonly second: Tensor;
}

/** The update of a group: its moments after the step, and what is subtracted from its parameters. */
interface GroupUpdate {
  readonly first: Tensor;
  readonly second: Tensor;
  readonly step: Tensor;
}

/** x times the product of factors, with one pass over x; undefined factors count as 1. */
function scaled(x: Tensor, ...factors: (Tensor | number | undefined)[]): Tensor {
  const given = factors.filter((factor) => factor !== undefined);
  return given.length === 0
    ? x
    : tf.mul(
        x,
        given.reduce<Tensor>((a, b) => tf.mul(a, b), tf.scalar(1)),
      );
}

function withL2Term({ gradient, l2Term, clip }: GroupInputs): Tensor {
  return l2Term ? tf.add(scaled(gradient, clip), l2Term) : gradient;
}

/** The momentum buffer of PyTorch's SGD in place of the first moment; the second stays as it is. */
function sgdUpdate(
  group: GroupInputs,
  inputs: Readonly<Record<string, Tensor>>,
  o: FilledOptimizerOptions,
): GroupUpdate {
  const clip = group.l2Term ? undefined : group.clip;
  const momentum = tf.add(tf.mul(group.first, o.beta1), scaled(withL2Term(group), clip));
  return { first: momentum, second: tf.clone(group.second), step: tf.mul(momentum, memberOf(inputs, "learningRate")) };
}

/**
 * Adam's m̂ / (√v̂ + ε) times the rate, with the bias corrections factored out into scalars: the passes over the vectors are
 * limited by memory bandwidth, so there are as few as possible.
 */
function adamUpdate(
  group: GroupInputs,
  inputs: Readonly<Record<string, Tensor>>,
  o: FilledOptimizerOptions,
): GroupUpdate {
  const g = withL2Term(group);
  const clip = group.l2Term ? undefined : group.clip;
  const first = tf.add(tf.mul(group.first, o.beta1), scaled(g, clip, 1 - o.beta1));
  const second = tf.add(tf.mul(group.second, o.beta2), tf.square(scaled(g, clip, Math.sqrt(1 - o.beta2))));
  const correction = tf.sqrt(memberOf(inputs, "secondCorrection"));
  const root = tf.add(tf.sqrt(second), tf.div(o.epsilon, correction));
  const rate = tf.div(tf.mul(memberOf(inputs, "learningRate"), memberOf(inputs, "firstCorrection")), correction);
  return { first, second, step: tf.mul(tf.div(first, root), rate) };
}

/** The optimizer's step on one group; its results are meaningless for a batch whose `applied` is 0. */
export function updateGroup(
  group: ParameterGroup,
  gradient: Tensor,
  scales: Scales,
  inputs: Readonly<Record<string, Tensor>>,
  o: FilledOptimizerOptions,
): Record<string, Tensor> {
  const at = (kind: string) => memberOf(inputs, `${kind}/${group.name}`);
  const before = at("parameters");
  const isDecoupled = o.name === "adamw";
  const decay = group.weightDecay;
  const l2Term = decay > 0 && !isDecoupled ? tf.mul(before, decay) : undefined;
  const own: GroupInputs = { gradient, l2Term, clip: scales.clip, first: at("first"), second: at("second") };
  const { first, second, step } = o.name === "sgd" ? sgdUpdate(own, inputs, o) : adamUpdate(own, inputs, o);
  const decayed =
    decay > 0 && isDecoupled ? tf.mul(before, tf.sub(1, tf.mul(memberOf(inputs, "learningRate"), decay))) : before;
  const parameters = tf.sub(decayed, step);
  const outputs: Record<string, Tensor> = {
    [`parameters/${group.name}`]: parameters,
    [`first/${group.name}`]: first,
    [`second/${group.name}`]: second,
  };
  if (o.emaDecay > 0)
    outputs[`average/${group.name}`] = tf.add(
      at("average"),
      tf.mul(tf.sub(parameters, at("average")), memberOf(inputs, "averageShare")),
    );
  return outputs;
}
