import type { Random } from "../../base/random.js";
import { createDraws, type Draws } from "./draws.js";
import {
  amplitudeAt,
  type DynamotypeName,
  type DynamotypeSeizure,
  drawDynamotype,
  dynamotypeOnsetAt,
  renderDynamotype,
} from "./dynamotypes.js";
import { createScalp, ELECTRODES, type Place, type Scalp } from "./head.js";
import type { TrueSeizure } from "./raters.js";
import { hiddenOnsetShare, meanSnrDb, type Realism } from "./realism.js";
import type { SeizureType } from "./seizure-profiles.js";
import { addSeizure, onsetAt } from "./seizures.js";

/** A seizure of a varied corpus: its interval within the recording, and how it is made. */
export interface VariedSeizure extends TrueSeizure {
  readonly type: DynamotypeName;
  /** Begins before the recording by this much: a seizure that already runs at the first sample. */
  readonly beforeSeconds: number;
  readonly path: DynamotypeSeizure;
  /** Share of the background that is left while the seizure runs (electrodecrement). */
  readonly backgroundLeft: number;
}

/** Deviation of the signal-to-noise ratio among seizures, decibels. */
const SNR_DEVIATION_DB = 3;
/** Chance that a recording's first seizure already runs at its first sample, and its last still at its last. */
const EDGE_CHANCE = 0.2;
/** Chance that the background shrinks while a seizure runs. */
const DECREMENT_CHANCE = 0.4;
/** Seconds before the first seizure, and between two; less where a recording is short. */
const LEAD_SECONDS = 6;

/** Seizures of the given types, in time order and apart from each other; with the part `edges` some touch the recording's ends. */
export function placeVariedSeizures(
  types: readonly DynamotypeName[],
  durationSeconds: number,
  focus: Place,
  realism: Realism,
  random: Random,
): VariedSeizure[] {
  const draws = createDraws(random);
  const longestSeconds = (0.6 * durationSeconds) / Math.max(1, types.length);
  const hiddenShare = realism.parts.includes("dynamotypes") ? hiddenOnsetShare(realism) : 0;
  const paths = types.map((type) => drawDynamotype(type, { focus, hiddenShare, longestSeconds }, draws));
  const hasEdges = realism.parts.includes("edges");
  const before = paths.map((path, i) => (hasEdges && i === 0 && draws.chance(EDGE_CHANCE) ? cut(path, draws) : 0));
  const after = paths.map((path, i) =>
    hasEdges && i === paths.length - 1 && before[i] === 0 && draws.chance(EDGE_CHANCE) ? cut(path, draws) : 0,
  );
  const inside = paths.map((path, i) => path.lengthSeconds - before[i]! - after[i]!);
  const used = inside.reduce((sum, length) => sum + length, 0);
  const lead = Math.min(LEAD_SECONDS, (durationSeconds - used) / (2 * (paths.length + 1)));
  const spare = durationSeconds - used - lead * (paths.length + 1);
  const cuts = paths.map(() => draws.between(0, spare)).sort((a, b) => a - b);
  let filled = 0;
  return paths.map((path, i) => {
    const free = fourDecimals(cuts[i]! + filled + lead * (i + 1));
    filled += inside[i]!;
    const startSeconds = before[i]! > 0 ? 0 : after[i]! > 0 ? fourDecimals(durationSeconds - inside[i]!) : free;
    const endSeconds = after[i]! > 0 ? durationSeconds : fourDecimals(startSeconds + inside[i]!);
    const hidden = before[i]! > 0 ? 0 : secondsToHalf(path);
    const snrDb = meanSnrDb(realism) + SNR_DEVIATION_DB * draws.normal();
    const isDecremental = draws.chance(DECREMENT_CHANCE) && realism.parts.includes("dynamotypes");
    const backgroundLeft = isDecremental ? draws.between(0.4, 0.9) : 1;
    return {
      ...{ type: path.type, startSeconds, endSeconds, snrDb, path, backgroundLeft },
      ...{ hiddenSeconds: hidden, beforeSeconds: before[i]! },
    };
  });
}

/** Seconds of a seizure outside the recording: a fifth to three fifths of it. */
function cut({ lengthSeconds }: DynamotypeSeizure, draws: Draws): number {
  return lengthSeconds * draws.between(0.2, 0.6);
}

function secondsToHalf(path: DynamotypeSeizure): number {
  let seconds = 0;
  while (seconds < path.lengthSeconds / 2 && amplitudeAt(path, seconds) < 0.5) seconds += 0.1;
  return seconds;
}

function fourDecimals(seconds: number): number {
  return Math.round(seconds * 10_000) / 10_000;
}

/** The whole seizure alone at all electrodes, amplitude 1; without the part `dynamotypes` that of the plain synthetic corpus. */
export function renderVariedSeizure(seizure: VariedSeizure, realism: Realism, rateHz: number, random: Random): Scalp {
  const { path } = seizure;
  if (realism.parts.includes("dynamotypes")) return renderDynamotype(path, rateHz, random);
  const scalp = createScalp(rateHz, path.lengthSeconds);
  addSeizure(scalp, { ...plainOf(seizure), startSeconds: 0, endSeconds: path.lengthSeconds }, random);
  return scalp;
}

/** The seizure in the terms of the plain synthetic corpus, which has no tonic seizures. */
function plainOf({ type, path, startSeconds, endSeconds }: VariedSeizure) {
  const known: SeizureType = type === "tnsz" ? "fnsz" : type;
  return { type: known, microvolts: 1, focus: path.focus, startSeconds, endSeconds };
}

/** Position (0..1) at which a bipolar channel joins a seizure; `undefined` when the seizure does not reach it. */
export function variedOnsetAt(seizure: VariedSeizure, pair: string, realism: Realism): number | undefined {
  if (!realism.parts.includes("dynamotypes")) return onsetAt(plainOf(seizure), pair);
  const rows = pair.split("-").map((name) => ELECTRODES.indexOf(name));
  const onset = dynamotypeOnsetAt(seizure.path, rows);
  return onset !== undefined && seizure.beforeSeconds > 0 ? 0 : onset; // it had spread before the recording
}
