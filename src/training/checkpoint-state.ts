/** The text of a checkpoint's state.json: everything but the tensors, sealed by a checksum. */

import { canonicalJson, hashOf } from "@ictal/base/canonical";
import { FormatError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import type { ModelConfig } from "../model/detector.js";

const count = z.int().min(0);
const positive = z.int().min(1);

/** What the weights were trained for, as stored in their files. */
export const originSchema = z.strictObject({
  model: z.looseObject({ name: z.string() }).transform((model) => model as ModelConfig), // createDetector checks the rest
  windowSamples: positive,
  sampleRateHz: z.number().positive(),
  channels: z.array(z.string().min(1)).min(1),
  cacheKey: z.string().min(1),
});

const fileSchema = z.strictObject({
  bytes: positive,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
});

/** A file of tensors as it was written. */
export type CheckpointFile = z.infer<typeof fileSchema>;

const stateSchema = z.strictObject({
  formatVersion: z.literal(1),
  step: count,
  updates: count,
  nonFiniteSteps: count,
  unlabelledSteps: count.optional(), // absent from states of version 0.1, as the last two
  stepsPerEpoch: positive,
  totalSteps: count,
  best: z.strictObject({ name: z.string().min(1), value: z.number(), step: count }).nullable(),
  withoutBetter: count,
  isValidationPending: z.boolean(),
  epochLoss: z.tuple([z.number(), count]),
  origin: originSchema,
  recipe: z.record(z.string(), z.unknown()),
  dataLines: z.array(z.string().min(1)).min(1),
  files: z.record(z.string(), fileSchema).optional(),
  checksum: z.string().optional(),
});

/** What the weights were trained for; stored in every weights file, so that it can be used alone. */
export interface WeightsOrigin {
  readonly model: ModelConfig;
  readonly windowSamples: number;
  readonly sampleRateHz: number;
  readonly channels: readonly string[];
  readonly cacheKey: string;
}

/** A validation that was the best so far. */
export interface BestMetric {
  readonly name: string;
  readonly value: number;
  readonly step: number;
}

/** Everything but the tensors. */
export interface CheckpointState {
  readonly formatVersion: 1;
  readonly step: number;
  /** Steps that changed the weights. */
  readonly updates: number;
  readonly nonFiniteSteps: number;
  /** Steps of whose windows no label was known; with the two before, all there are. */
  readonly unlabelledSteps: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly best: BestMetric | null;
  /** Validations since the best. */
  readonly withoutBetter: number;
  /** A validation is due that had not ended when this was written. */
  readonly isValidationPending: boolean;
  /** Sum of the losses since the last validation, and their number. */
  readonly epochLoss: readonly [sum: number, count: number];
  readonly origin: WeightsOrigin;
  /** Options that decide the numbers. */
  readonly recipe: Readonly<Record<string, unknown>>;
  /** One line per training recording. */
  readonly dataLines: readonly string[];
}

/** A state with the files that its folder must hold. */
export interface StoredState {
  readonly state: CheckpointState;
  /** Files of tensors by name; undefined in a state of version 0.1, which kept them apart and had no checksum. */
  readonly files: Readonly<Record<string, CheckpointFile>> | undefined;
}

/** The text of a state and its files' sizes and digests; equal states give equal bytes. */
export function sealState(state: CheckpointState, files: Readonly<Record<string, CheckpointFile>>): string {
  const content = { ...state, files };
  return `${canonicalJson({ ...content, checksum: hashOf(content) })}\n`;
}

const ADVICE = "the file was edited or damaged; restore it, or remove its folder and resume from the checkpoint before";

/** Field and fault of numbers that contradict each other. */
function contradiction(state: CheckpointState, step = state.step): readonly [field: string, fault: string] | undefined {
  const { updates, nonFiniteSteps, unlabelledSteps, stepsPerEpoch, totalSteps, best, withoutBetter, epochLoss } = state;
  const { epochs } = state.recipe;
  const counted = updates + nonFiniteSteps + unlabelledSteps;
  if (state.step !== step) return ["step", `${state.step}; its folder is that of step ${step}`];
  if (counted !== step)
    return [
      "updates",
      `${updates}, with ${nonFiniteSteps} steps not finite and ${unlabelledSteps} without a label; expected ${step} in all`,
    ];
  if (totalSteps !== stepsPerEpoch * Number(epochs))
    return ["totalSteps", `${totalSteps}; expected ${stepsPerEpoch} for each of ${String(epochs)} epochs`];
  if (best && best.step > step) return ["best.step", `${best.step}; expected at most ${step}`];
  if (!best && withoutBetter > 0) return ["withoutBetter", `${withoutBetter}; expected 0 without a best`];
  if (withoutBetter > step) return ["withoutBetter", `${withoutBetter}; expected at most ${step}`];
  const [sum, losses] = epochLoss;
  if (losses > updates) return ["epochLoss", `${losses} losses; expected at most ${updates}`];
  if (losses === 0 && sum !== 0) return ["epochLoss", `the sum ${sum} of no losses; expected 0`];
  return undefined;
}

/** What is impossible in a state with a checksum, should that have been made anew; version 0.1 filled in no defaults of the recipe. */
function sealedFault({ origin, recipe }: CheckpointState): readonly [field: string, fault: string] | undefined {
  const [named, trained] = [JSON.stringify(origin.model), JSON.stringify(recipe.model)];
  const isSame = recipe.model === undefined || hashOf(origin.model) === hashOf(recipe.model); // a resume asks for it
  return isSame ? undefined : ["origin.model", `${named}; expected that of the recipe, ${trained}`];
}

/** What is impossible in a state without a checksum, where only the plausibility of numbers can be checked. */
function unsealed({ step, totalSteps }: CheckpointState): readonly [field: string, fault: string] | undefined {
  return step > totalSteps ? ["step", `${step} of ${totalSteps} in all`] : undefined;
}

/**
 * Parse the state of a checkpoint; `step` is the one that its folder is named for. Throws a FormatError that names file and
 * field where it is not as it was written.
 */
export function parseState(text: string, file: string, step?: number): StoredState {
  const parsed = parseJson(stateSchema, text, file, ADVICE);
  const { files, checksum, unlabelledSteps = 0, ...rest } = parsed;
  const state: CheckpointState = { ...rest, unlabelledSteps };
  const isSealed = checksum !== undefined && files !== undefined && parsed.unlabelledSteps !== undefined;
  if (!isSealed && (checksum ?? files ?? parsed.unlabelledSteps) !== undefined) {
    const field = checksum === undefined ? "checksum" : files === undefined ? "files" : "unlabelledSteps";
    throw new FormatError(`invalid ${field}: nothing; ${ADVICE}`, { file, field });
  }
  const fault = contradiction(state, step) ?? (isSealed ? sealedFault(state) : unsealed(state));
  if (fault) throw new FormatError(`invalid ${fault[0]}: ${fault[1]}; ${ADVICE}`, { file, field: fault[0] });
  if (isSealed && checksum !== hashOf({ ...state, files }))
    throw new FormatError(`its content is not that of its checksum; ${ADVICE}`, { file, field: "checksum" });
  return { state, files };
}
