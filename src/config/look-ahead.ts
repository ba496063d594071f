/** How far a configuration looks ahead: the one budget that `config show`, `train`, `detect`, `stream` and reports print. */
import { type LookAheadPart, lookAheadSeconds } from "../base/look-ahead.js";
import { createDetector } from "../model/detector.js";
import type { Network } from "../model/network.js";
import { decisionDelay } from "../scoring/decision-delay.js";
import { chainLookAhead, filterDelaySeconds } from "../signal/look-ahead.js";
import { usualRateHz } from "../training/output-rate.js";
import { chainFromConfig, postprocessFromConfig, predictionStrideFromConfig } from "./layer-options.js";
import { modelFromConfig } from "./model-options.js";
import type { Config } from "./schema.js";

/** How far a detector looks ahead, and what of it does. Infinity stands for the rest of the recording. */
export interface LookAhead {
  /** `experiment.causal`, with a network that does not see its whole window. */
  readonly isCausal: boolean;
  /** What a probability waits for. */
  readonly probability: readonly LookAheadPart[];
  /** What an alarm waits for beyond its probabilities. */
  readonly alarm: readonly LookAheadPart[];
  /** What the end of an event waits for beyond that. */
  readonly end: readonly LookAheadPart[];
  /** From a sample to the last one that has an effect on the probability of its time. */
  readonly probabilitySeconds: number;
  /** From the start of an event to the last sample that decides that it counts. */
  readonly alarmSeconds: number;
  /** From the end of an event to the last sample that has an effect on it. */
  readonly eventSeconds: number;
  /** The part of `alarmSeconds` that is no whole recording: what a latency in recorded time lacks. */
  readonly waitSeconds: number;
  /** Delay of causal filters in the middle of their band: latencies in recorded time hold it. */
  readonly filterDelaySeconds: number;
}

/** What a network needs to say. */
type Seeing = Pick<Network, "outputStrideSamples" | "lookAheadSamples">;

const inFiniteSeconds = (parts: readonly LookAheadPart[]) =>
  lookAheadSeconds(parts.filter(({ seconds }) => Number.isFinite(seconds)));

function windowParts(config: Config, network: Seeing | undefined): LookAheadPart[] {
  const { data, experiment } = config;
  if (!experiment.causal)
    return [{ part: "window", seconds: data.window_size, reason: "combines the windows that hold a time" }];
  const decision = {
    part: "decision",
    seconds: predictionStrideFromConfig(config),
    reason: "waits for the end of the next window",
  };
  if (!network || network.lookAheadSamples === 0) return [decision];
  const samples = network.lookAheadSamples;
  const seconds = samples === undefined ? data.window_size : samples / data.sampling_rate;
  const reason = samples === undefined ? "sees its whole window" : "joins samples to coarser steps";
  return [decision, { part: "network", seconds, reason }];
}

/** How far `config` looks ahead with `network`; without one, as far as is known. `recordedRateHz` is that of a recording. */
export function lookAheadOf(
  config: Config,
  network: Seeing | undefined,
  { recordedRateHz }: { readonly recordedRateHz?: number | undefined } = {},
): LookAhead {
  const chain = chainFromConfig(config);
  const rateHz = usualRateHz(config.data.sampling_rate / (network?.outputStrideSamples ?? 1));
  const value = { part: "value", seconds: 1 / rateHz, reason: "stands for its time up to its end" };
  const probability = [...chainLookAhead(chain, recordedRateHz), ...windowParts(config, network), value];
  const { alarm, end } = decisionDelay(postprocessFromConfig(config), rateHz);
  return {
    isCausal: config.experiment.causal && (network === undefined || network.lookAheadSamples !== undefined),
    probability,
    alarm,
    end,
    probabilitySeconds: lookAheadSeconds(probability),
    alarmSeconds: lookAheadSeconds([...probability, ...alarm]),
    eventSeconds: lookAheadSeconds([...probability, ...alarm, ...end]),
    waitSeconds: inFiniteSeconds([...probability, ...alarm]),
    filterDelaySeconds: filterDelaySeconds(chain),
  };
}

/** How far a configuration looks ahead, its network read from `model`; ConfigError where that is none. */
export function lookAheadFromConfig(config: Config): LookAhead {
  const model =
    config.model.name === "" ? undefined : modelFromConfig(config.model, { isCausal: config.experiment.causal });
  return lookAheadOf(config, model && createDetector(model));
}

const inSeconds = (seconds: number) =>
  Number.isFinite(seconds) ? `${Number(seconds.toFixed(2))} s` : "the whole recording";

/** The budget in words, to follow "look-ahead: ": what is waited for, and what sees the whole recording. */
export function lookAheadText({ isCausal, probability, alarm, waitSeconds }: LookAhead): string {
  const parts = [...probability, ...alarm];
  const listed = parts.filter(({ seconds }) => Number.isFinite(seconds));
  const waits = listed.map(({ part, seconds }) => `${part} ${inSeconds(seconds)}`).join(", ");
  const whole = parts.filter(({ seconds }) => !Number.isFinite(seconds));
  const sees = whole.map(({ part, reason }) => `${part} ${reason}`).join("; ");
  const mode = isCausal ? "causal" : "not causal (experiment.causal is false)";
  return `${mode}; an alarm waits ${inSeconds(waitSeconds)} (${waits}).${sees === "" ? "" : ` It also sees the whole recording: ${sees}.`}`;
}
