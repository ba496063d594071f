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
import { cutGroup, type ParameterGroup, packGroup, parameterGroups, unpackGroup } from "./parameter-groups.js";

export interface TrainProgramOptions {
  readonly batchSize: number;
  readonly sampleCount: number;
  /** Keep less and compute more in the backward pass; for eager executors. @default false */
  readonly recompute?: boolean;
  /** Average the gradients of several batches before an update; every run then needs `StepSettings.gathering`. @default false */
  readonly accumulate?: boolean;
  readonly loss?: LossOptions;
  readonly optimizer?: OptimizerOptions;
}

/** What a step needs from outside besides its batch. */
export interface StepSettings {
  readonly seed: number;
  /** Batches before this one: picks the dropout masks. */
  readonly step: number;
  /** Updates applied before this one: sets the bias corrections. */
  readonly updates: number;
  readonly learningRate: number;
  /** With `accumulate`: where in an update this batch stands. */
  readonly gathering?: Gathering;
}

/** How a batch joins the mean gradient of an update's batches. */
export interface Gathering {
  /** Weight of the mean so far; 0 forgets it, whatever it holds. */
  readonly kept: number;
  /** Weight of this batch's gradient. */
  readonly share: number;
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
  readonly average?: ParameterValues;
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
  readonly recompute: boolean;
  readonly accumulate: boolean;
}

type Inputs = Record<string, Tensor>;

/**
 * Loss and gradients of one batch. What the forward pass hands out on the side (logits, running statistics) is kept
 * over the end of the gradient's scope and then handed to the caller's.
 */
function lossAndGradients(parts: Parts, inputs: Inputs): Gradients {
  const { detector, groups, sites } = parts;
  const masks = dropoutMasks(sites, inputs);
  const side = new Map<string, Tensor>();
  const keep = (name: string, tensor: Tensor) => {
    side.get(name)?.dispose();
    side.set(name, tf.keep(tf.clone(tensor)));
  };
  const context: ForwardContext = {
    training: true,
    recompute: parts.recompute,
    dropout: (name) => masks.get(name),
    updateBuffer: keep,
  };
  const names = groups.flatMap(({ members }) => members.map(({ spec }) => spec.name));
  const named: Inputs = Object.fromEntries(detector.buffers.map(({ name }) => [name, inputs[name]!]));
  const { value, grads } = tf.valueAndGrads((...parameters: Tensor[]) => {
    names.forEach((name, i) => {
      named[name] = parameters[i]!;
    });
    const logits = detector.forward(named, inputs.x!, context);
    keep("logits", logits);
    return maskedLoss(logits, inputs.labels!, inputs.mask!, parts.loss) as ReturnType<typeof tf.scalar>;
  })(groups.flatMap((group) => cutGroup(group, inputs[`parameters/${group.name}`]!)));
  const handOver = (name: string) => {
    const kept = side.get(name)!;
    const owned = tf.clone(kept);
    kept.dispose();
    return owned;
  };
  let at = 0;
  const gradients = groups.map(({ members }) => {
    const own = grads.slice(at, at + members.length);
    at += members.length;
    const flat = own.map((gradient) => tf.reshape(gradient, [gradient.size]));
    return flat.length === 1 ? flat[0]! : tf.concat(flat);
  });
  return {
    loss: value,
    logits: handOver("logits"),
    gradients,
    buffers: new Map(detector.buffers.map(({ name }) => [name, handOver(name)])),
  };
}

const accumulatedOf = ({ name }: ParameterGroup) => `accumulated/${name}`;

/** The mean gradient of an update's batches up to this one, by group. */
function withEarlier({ groups }: Parts, inputs: Inputs, gradients: readonly Tensor[]): Tensor[] {
  const isFirst = tf.equal(inputs.kept!, 0);
  return groups.map((group, i) => {
    const before = inputs[accumulatedOf(group)]!;
    const earlier = tf.where(isFirst, tf.zerosLike(before), tf.mul(before, inputs.kept!));
    return tf.add(earlier, tf.mul(gradients[i]!, inputs.share!));
  });
}

function build(parts: Parts, inputs: Inputs): Inputs {
  const own = lossAndGradients(parts, inputs);
  const found = parts.accumulate ? { ...own, gradients: withEarlier(parts, inputs, own.gradients) } : own;
  const scales = scalesOf(found, parts.optimizer.gradientClip, inputs.update);
  const outputs: Inputs = { loss: found.loss, gradientNorm: scales.norm, applied: scales.applied };
  parts.groups.forEach((group, i) => {
    Object.assign(outputs, updateGroup(group, found.gradients[i]!, scales, inputs, parts.optimizer));
    if (parts.accumulate) outputs[accumulatedOf(group)] = found.gradients[i]!;
  });
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
  if (optimizer.averageDecay > 0) inputs.averageShare = float();
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
 * when the weights were left as they were: the step was not finite, or no update was due), `lowestLogit` and `highestLogit`.
 * With `accumulate` the gradient is the mean over the batches so far; running statistics follow every batch.
 */
export function createTrainProgram(detector: Detector, options: TrainProgramOptions): TrainProgram {
  const { batchSize, sampleCount, loss = {}, recompute = false, accumulate = false } = options;
  const optimizer = fillOptimizerOptions(options.optimizer);
  const groups = parameterGroups(detector.parameters, optimizer);
  const sites = dropoutSites(detector, batchSize, sampleCount);
  const parts: Parts = { detector, groups, sites, loss, optimizer, recompute, accumulate };
  const kinds = stateKinds(optimizer);
  const state = [
    ...kinds.flatMap((kind) => groups.map((group) => `${kind}/${group.name}`)),
    ...(accumulate ? groups.map(accumulatedOf) : []),
    ...detector.buffers.map(({ name }) => name),
  ];
  return {
    program: {
      name: `train/${detector.name}`,
      identity: { model: detector.config, batchSize, sampleCount, loss, optimizer, recompute, accumulate },
      inputs: inputsOf(parts, batchSize, sampleCount),
      state,
      keptWhenZero: Object.fromEntries([
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
        Object.assign({}, ...groups.map((group) => unpackGroup(group, values[`${kind}/${group.name}`]!)));
      return {
        parameters: unpack("parameters"),
        buffers: Object.fromEntries(detector.buffers.map(({ name }) => [name, values[name]!])),
        first: unpack("first"),
        second: unpack("second"),
        average: optimizer.averageDecay > 0 ? unpack("average") : undefined,
      };
    },
  };
}

function stepFeeds({ sites, optimizer, accumulate }: Parts, settings: StepSettings): Record<string, Feed> {
  const { seed, step, updates, learningRate, gathering = WHOLE } = settings;
  const scalar = (value: number) => new Float32Array([value]);
  const count = updates + 1;
  const feeds: Record<string, Feed> = {
    ...dropoutFeeds(sites, createRandom(seed, "dropout").uint32(0), step),
    learningRate: scalar(learningRate),
    firstCorrection: scalar(1 / (1 - optimizer.beta1 ** count)),
    secondCorrection: scalar(1 / (1 - optimizer.beta2 ** count)),
  };
  if (accumulate) {
    feeds.kept = scalar(gathering.kept);
    feeds.share = scalar(gathering.share);
    feeds.update = scalar(gathering.isUpdate ? 1 : 0);
  }
  // Early on the average follows the weights closely, so that it does not drag the start along.
  if (optimizer.averageDecay > 0)
    feeds.averageShare = scalar(1 - Math.min(optimizer.averageDecay, count / (count + 9)));
  return feeds;
}

/** An update of one batch. */
const WHOLE: Gathering = { kept: 0, share: 1, isUpdate: true };

/** The state at step 0: given values, zero moments. */
export function initialState(detector: Detector, values: Readonly<ParameterValues>): OptimizerState {
  const pick = (specs: Detector["parameters"]) => Object.fromEntries(specs.map(({ name }) => [name, values[name]!]));
  return { parameters: pick(detector.parameters), buffers: pick(detector.buffers), first: {}, second: {} };
}
