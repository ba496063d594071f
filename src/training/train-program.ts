import { elementAt, memberOf } from "../base/lookup.js";
import { createRandom } from "../base/random.js";
import { type Detector, logitCount } from "../model/detector.js";
import type { ForwardContext } from "../model/layers.js";
import type { ParameterValues } from "../model/parameters.js";
import type { Feed, Program, TensorSpec } from "../tensor/program.js";
import { type Tensor, tf } from "../tensor/tf.js";
import { type DropoutSite, dropoutFeeds, dropoutInputs, dropoutMasks, dropoutSites } from "./dropout-masks.js";
import { type LossOptions, maskedLoss } from "./loss.js";
import {
  type FilledOptimizerOptions,
  fillOptimizerOptions,
  type Gradients,
  type OptimizerOptions,
  scalesOf,
  stateKinds,
  updateGroup,
} from "./optimizer.js";
import { type ParameterGroup, packGroup, parameterGroups, splitGroup, unpackGroup } from "./parameter-groups.js";

export interface TrainProgramOptions {
  readonly batchSize: number;
  readonly sampleCount: number;
  /** Recompute large tensors in the backward pass instead of keeping them; for eager executors. @default false */
  readonly gradientCheckpointing?: boolean | undefined;
  /** Average the gradients of several batches before an update; every run then needs `StepSettings.accumulation`. @default false */
  readonly accumulate?: boolean | undefined;
  readonly loss?: LossOptions | undefined;
  readonly optimizer?: OptimizerOptions | undefined;
}

/** What a step needs from outside besides its batch. */
export interface StepSettings {
  readonly seed: number;
  /** Batches before this one: picks the dropout masks. */
  readonly step: number;
  /** Updates applied before this one: sets the bias corrections. */
  readonly updates: number;
  readonly learningRate: number;
  /** With `accumulate`: the batch's part in the update. */
  readonly accumulation?: Accumulation | undefined;
}

/** How a batch enters the mean gradient of an update's batches. */
export interface Accumulation {
  /** Weight of the mean so far; 0 discards it, NaN included. */
  readonly previousWeight: number;
  /** Weight of this batch's gradient. */
  readonly batchWeight: number;
  /** True to change the weights after this batch. */
  readonly isUpdate: boolean;
}

/** What the optimizer carries between steps, by parameter name. */
export interface OptimizerState {
  readonly parameters: ParameterValues;
  readonly buffers: ParameterValues;
  readonly first: ParameterValues;
  readonly second: ParameterValues;
  /** Averaged weights; undefined when none are kept. */
  readonly average?: ParameterValues | undefined;
}

/** A training step as one program, with the translation between its state and named arrays. */
export interface TrainProgram {
  readonly program: Program;
  /** All inputs of a step but `x`, `labels` and `mask`. */
  feeds(settings: StepSettings): Record<string, Feed>;
  packState(state: OptimizerState): Record<string, Float32Array>;
  unpackState(values: Readonly<Record<string, Float32Array>>): OptimizerState;
}

interface Parts {
  readonly detector: Detector;
  readonly groups: readonly ParameterGroup[];
  readonly sites: readonly DropoutSite[];
  readonly loss: LossOptions;
  readonly optimizer: FilledOptimizerOptions;
  readonly gradientCheckpointing: boolean;
  readonly accumulate: boolean;
}

type Inputs = Record<string, Tensor>;

/**
 * Loss and gradients of one batch. The side outputs of the forward pass (logits, running statistics) are kept beyond the
 * gradient's scope and then returned to the caller's.
 */
function lossAndGradients(parts: Parts, inputs: Inputs): Gradients {
  const { detector, groups, sites } = parts;
  const masks = dropoutMasks(sites, inputs);
  const sideOutputs = new Map<string, Tensor>();
  const keep = (name: string, tensor: Tensor) => {
    sideOutputs.get(name)?.dispose();
    sideOutputs.set(name, tf.keep(tf.clone(tensor)));
  };
  const context: ForwardContext = {
    training: true,
    gradientCheckpointing: parts.gradientCheckpointing,
    dropout: (name) => masks.get(name),
    updateBuffer: keep,
  };
  const names = groups.flatMap(({ members }) => members.map(({ spec }) => spec.name));
  const named: Inputs = Object.fromEntries(detector.buffers.map(({ name }) => [name, memberOf(inputs, name)]));
  const { value, grads } = tf.valueAndGrads((...parameters: Tensor[]) => {
    for (const [i, parameter] of parameters.entries()) named[elementAt(names, i)] = parameter;
    const logits = detector.forward(named, memberOf(inputs, "x"), context);
    keep("logits", logits);
    return maskedLoss(logits, memberOf(inputs, "labels"), memberOf(inputs, "mask"), parts.loss) as ReturnType<
      typeof tf.scalar
    >;
  })(groups.flatMap((group) => splitGroup(group, memberOf(inputs, `parameters/${group.name}`))));
  const takeOver = (name: string) => {
    const kept = sideOutputs.get(name);
    if (!kept) throw new RangeError(`${detector.name} did not compute ${name}`);
    const owned = tf.clone(kept);
    kept.dispose();
    return owned;
  };
  let at = 0;
  const gradients = groups.map(({ members }) => {
    const own = grads.slice(at, at + members.length);
    at += members.length;
    const flat = own.map((gradient) => tf.reshape(gradient, [gradient.size]));
    const [only, ...others] = flat;
    return only && others.length === 0 ? only : tf.concat(flat);
  });
  return {
    loss: value,
    logits: takeOver("logits"),
    gradients,
    buffers: new Map(detector.buffers.map(({ name }) => [name, takeOver(name)])),
  };
}

const accumulatedOf = ({ name }: ParameterGroup) => `accumulated/${name}`;

/** The mean gradient of an update's batches up to this one, by group. */
function withEarlier({ groups }: Parts, inputs: Inputs, gradients: readonly Tensor[]): Tensor[] {
  const previousWeight = memberOf(inputs, "kept");
  const batchWeight = memberOf(inputs, "share");
  const isFirst = tf.equal(previousWeight, 0);
  return groups.map((group, i) => {
    const before = memberOf(inputs, accumulatedOf(group));
    const earlier = tf.where(isFirst, tf.zerosLike(before), tf.mul(before, previousWeight));
    return tf.add(earlier, tf.mul(elementAt(gradients, i), batchWeight));
  });
}

function build(parts: Parts, inputs: Inputs): Inputs {
  const own = lossAndGradients(parts, inputs);
  const found = parts.accumulate ? { ...own, gradients: withEarlier(parts, inputs, own.gradients) } : own;
  const scales = scalesOf(found, parts.optimizer.gradientClip, inputs.update);
  const outputs: Inputs = { loss: found.loss, gradientNorm: scales.norm, applied: scales.applied };
  for (const [i, group] of parts.groups.entries()) {
    const gradient = elementAt(found.gradients, i);
    Object.assign(outputs, updateGroup(group, gradient, scales, inputs, parts.optimizer));
    if (parts.accumulate) outputs[accumulatedOf(group)] = gradient;
  }
  outputs.finite = scales.finite;
  for (const [name, fresh] of found.buffers) outputs[name] = fresh;
  outputs.lowestLogit = tf.min(found.logits);
  outputs.highestLogit = tf.max(found.logits);
  return outputs;
}

function inputsOf(parts: Parts, batchSize: number, sampleCount: number): Record<string, TensorSpec> {
  const { detector, groups, sites, optimizer } = parts;
  const float = (...shape: number[]): TensorSpec => ({ shape, dtype: "float32" });
  const logits = logitCount(detector, sampleCount);
  const inputs: Record<string, TensorSpec> = {
    x: float(batchSize, detector.inputChannels, sampleCount),
    labels: float(batchSize, logits),
    mask: float(batchSize, logits),
    learningRate: float(),
    firstCorrection: float(),
    secondCorrection: float(),
    ...dropoutInputs(sites),
  };
  if (optimizer.emaDecay > 0) inputs.averageShare = float();
  if (parts.accumulate) {
    Object.assign(inputs, { kept: float(), share: float(), update: float() });
    for (const group of groups) inputs[accumulatedOf(group)] = float(group.size);
  }
  for (const kind of stateKinds(optimizer))
    for (const group of groups) inputs[`${kind}/${group.name}`] = float(group.size);
  for (const { name, shape } of detector.buffers) inputs[name] = float(...shape);
  return inputs;
}

/**
 * One step of training as a program: dropout, forward pass, masked loss, gradients, clipping by global norm, AdamW,
 * running statistics and averaged weights. Its inputs are `x` [B, C, L], `labels` and `mask` [B, M] (shares of seizure
 * and 0/1 per logit) and what `feeds` gives; its outputs `loss`, `gradientNorm` (before clipping), `finite`, `applied` (0
 * when the weights were left unchanged: the step was not finite, or no update was due), `lowestLogit` and `highestLogit`.
 * With `accumulate` the gradient is the mean over the batches so far; running statistics follow every batch.
 */
export function createTrainProgram(detector: Detector, options: TrainProgramOptions): TrainProgram {
  const { batchSize, sampleCount, loss = {}, gradientCheckpointing = false, accumulate = false } = options;
  const optimizer = fillOptimizerOptions(options.optimizer);
  const groups = parameterGroups(detector.parameters, optimizer);
  const sites = dropoutSites(detector, batchSize, sampleCount);
  const parts: Parts = { detector, groups, sites, loss, optimizer, gradientCheckpointing, accumulate };
  const kinds = stateKinds(optimizer);
  const state = [
    ...kinds.flatMap((kind) => groups.map((group) => `${kind}/${group.name}`)),
    ...(accumulate ? groups.map(accumulatedOf) : []),
    ...detector.buffers.map(({ name }) => name),
  ];
  return {
    program: {
      name: `train/${detector.name}`,
      identity: { model: detector.config, batchSize, sampleCount, loss, optimizer, gradientCheckpointing, accumulate },
      inputs: inputsOf(parts, batchSize, sampleCount),
      state,
      conditionalState: Object.fromEntries([
        ...kinds.flatMap((kind) => groups.map((group) => [`${kind}/${group.name}`, "applied"])),
        ...detector.buffers.map(({ name }) => [name, "finite"]),
      ]),
      build: (inputs) => build(parts, inputs),
    },
    feeds: (settings) => stepFeeds(parts, settings),
    packState(values) {
      const packed: Record<string, Float32Array> = { ...values.buffers };
      for (const kind of kinds) {
        const source = kind === "average" ? (values.average ?? values.parameters) : values[kind];
        for (const group of groups) packed[`${kind}/${group.name}`] = packGroup(group, source);
      }
      if (accumulate) for (const group of groups) packed[accumulatedOf(group)] = new Float32Array(group.size);
      return packed;
    },
    unpackState(values) {
      const unpack = (kind: string): ParameterValues =>
        Object.assign({}, ...groups.map((group) => unpackGroup(group, memberOf(values, `${kind}/${group.name}`))));
      return {
        parameters: unpack("parameters"),
        buffers: Object.fromEntries(detector.buffers.map(({ name }) => [name, memberOf(values, name)])),
        first: unpack("first"),
        second: unpack("second"),
        average: optimizer.emaDecay > 0 ? unpack("average") : undefined,
      };
    },
  };
}

function stepFeeds({ sites, optimizer, accumulate }: Parts, settings: StepSettings): Record<string, Feed> {
  const { seed, step, updates, learningRate, accumulation = SINGLE_BATCH } = settings;
  const scalar = (value: number) => new Float32Array([value]);
  const count = updates + 1;
  const feeds: Record<string, Feed> = {
    ...dropoutFeeds(sites, createRandom(seed, "dropout").uint32(0), step),
    learningRate: scalar(learningRate),
    firstCorrection: scalar(1 / (1 - optimizer.beta1 ** count)),
    secondCorrection: scalar(1 / (1 - optimizer.beta2 ** count)),
  };
  if (accumulate) {
    feeds.kept = scalar(accumulation.previousWeight);
    feeds.share = scalar(accumulation.batchWeight);
    feeds.update = scalar(accumulation.isUpdate ? 1 : 0);
  }
  // Early on the average follows the weights closely, so that the initial values lose their weight quickly.
  if (optimizer.emaDecay > 0) feeds.averageShare = scalar(1 - Math.min(optimizer.emaDecay, count / (count + 9)));
  return feeds;
}

/** An update of one batch. */
const SINGLE_BATCH: Accumulation = { previousWeight: 0, batchWeight: 1, isUpdate: true };

/** The state at step 0: given values, zero moments. */
export function initialState(detector: Detector, values: Readonly<ParameterValues>): OptimizerState {
  const pick = (specs: Detector["parameters"]) =>
    Object.fromEntries(specs.map(({ name }) => [name, memberOf(values, name)]));
  return { parameters: pick(detector.parameters), buffers: pick(detector.buffers), first: {}, second: {} };
}
