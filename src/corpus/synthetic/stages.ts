import type { Interval } from "../../base/events.js";
import type { Random } from "../../base/random.js";
import { createDraws, type Draws } from "./draws.js";
import { projectGated } from "./envelope.js";
import { namedMap, projectInto, type Scalp, spotMap } from "./head.js";
import { noiseState, rhythmInto } from "./noise.js";

/** State of vigilance by the rules of the AASM. */
export type Stage = "wake" | "N1" | "N2" | "N3" | "REM";

/** A stretch of one stage. */
export interface StageInterval extends Interval {
  readonly stage: Stage;
}

/** Stages that follow each other, with the mean duration in a recording of minutes; a night's are ten times as long. */
const ORDER: Readonly<Record<Stage, { readonly seconds: number; readonly next: readonly Stage[] }>> = {
  wake: { seconds: 90, next: ["N1", "N1", "N1", "REM"] },
  N1: { seconds: 45, next: ["N2", "N2", "wake"] },
  N2: { seconds: 90, next: ["N3", "N1", "REM", "wake"] },
  N3: { seconds: 100, next: ["N2"] },
  REM: { seconds: 70, next: ["wake", "N2"] },
};

/** Stages that cover a recording: half of the recordings begin awake. */
export function drawStages(random: Random, durationSeconds: number): StageInterval[] {
  const draws = createDraws(random);
  const stages: StageInterval[] = [];
  let stage: Stage = draws.chance(0.5) ? "wake" : draws.pick(["N1", "N2", "N2", "N3", "REM"] as const);
  for (let time = 0; time < durationSeconds; ) {
    const { seconds, next } = ORDER[stage];
    const end = Math.min(durationSeconds, time + seconds * draws.between(0.5, 1.8));
    stages.push({ stage, startSeconds: time, endSeconds: end });
    time = end;
    stage = draws.pick(next);
  }
  return stages;
}

const FRONTAL = spotMap({ x: 0, y: 0.55 }, 0.75);
const VERTEX = spotMap({ x: 0, y: 0.1 }, 0.45);
const OCCIPITAL = namedMap({ O1: 1, O2: 1, PZ: 0.45, P3: 0.5, P4: 0.5, T5: 0.4, T6: 0.4 });
const LATERAL_EYES = namedMap({ F7: 1, FP1: 0.5, F3: 0.3, F8: -1, FP2: -0.5, F4: -0.3 });

/** Activity that runs through a whole stage; levels in microvolts of deviation under the source. */
const CONTINUOUS = [
  { stages: ["N1", "REM"], centreHz: 5.5, bandwidthHz: 2.5, map: VERTEX, level: [6, 14] },
  { stages: ["N2"], centreHz: 1.8, bandwidthHz: 2, map: FRONTAL, level: [8, 18] },
  { stages: ["N3"], centreHz: 1.1, bandwidthHz: 1.1, map: FRONTAL, level: [22, 48] },
] as const;

/** A transient of sleep: where, how often, and its wave over time (seconds). */
interface Transient {
  readonly stages: readonly Stage[];
  readonly gapSeconds: number;
  readonly map: Float32Array;
  readonly seconds: number;
  readonly microvolts: readonly [number, number];
  readonly wave: (seconds: number) => number;
}

const bell = (seconds: number, centre: number, width: number) => Math.exp(-(((seconds - centre) / width) ** 2));

/** Vertex sharp waves, K complexes, positive occipital sharp transients, rapid eye movements. */
const TRANSIENTS: readonly Transient[] = [
  {
    ...{ stages: ["N1", "N2"], gapSeconds: 9, map: VERTEX, seconds: 0.5, microvolts: [40, 110] },
    wave: (t) => -bell(t, 0.15, 0.05) + 0.5 * bell(t, 0.3, 0.09),
  },
  {
    ...{ stages: ["N2"], gapSeconds: 16, map: FRONTAL, seconds: 1.4, microvolts: [70, 160] },
    wave: (t) => -bell(t, 0.3, 0.13) + 0.7 * bell(t, 0.75, 0.25),
  },
  {
    ...{ stages: ["N1", "N2"], gapSeconds: 6, map: OCCIPITAL, seconds: 0.4, microvolts: [20, 60] },
    wave: (t) => bell(t, 0.12, 0.05) - 0.3 * bell(t, 0.25, 0.06),
  },
  {
    ...{ stages: ["REM"], gapSeconds: 4, map: LATERAL_EYES, seconds: 0.8, microvolts: [30, 110] },
    wave: (t) => Math.min(1, t / 0.08) * Math.exp(-t / 0.35),
  },
];

/**
 * Add what sleep has to `scalp`: theta, spindles, slow waves, K complexes, vertex waves, eye movements of REM; `gain` scales
 * all of it.
 */
export function addSleep(scalp: Scalp, stages: readonly StageInterval[], gain: number, random: Random): void {
  const { sampleRateHz } = scalp;
  const draws = createDraws(random.stream("draws"));
  const source = new Float32Array(scalp.sampleCount);
  const within = (names: readonly Stage[]) => stages.filter(({ stage }) => names.includes(stage));
  CONTINUOUS.forEach(({ stages: names, map, level, ...band }, index) => {
    const spans = within(names);
    const microvolts = gain * draws.between(level[0], level[1]);
    if (spans.length === 0) return;
    rhythmInto(source, sampleRateHz, band, noiseState(random.stream(`continuous ${index}`)));
    projectGated(scalp, source, spans, 3, map, microvolts);
  });
  addSpindles(scalp, within(["N2"]), gain, random.stream("spindles"));
  for (const transient of TRANSIENTS) addTransients(scalp, within(transient.stages), transient, gain, draws);
}

function addSpindles(scalp: Scalp, spans: readonly Interval[], gain: number, random: Random): void {
  if (spans.length === 0) return;
  const source = new Float32Array(scalp.sampleCount);
  const draws = createDraws(random);
  const band = { centreHz: draws.between(11.5, 14.5), bandwidthHz: 0.8 };
  rhythmInto(source, scalp.sampleRateHz, band, noiseState(random.stream("noise")));
  const onsets = spans.flatMap(({ startSeconds, endSeconds }) => draws.onsets(startSeconds, endSeconds - 2, 9));
  const bursts = onsets.map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + draws.between(0.6, 1.8) }));
  projectGated(scalp, source, bursts, 0.3, VERTEX, gain * draws.between(10, 24));
}

function addTransients(
  scalp: Scalp,
  spans: readonly Interval[],
  transient: Transient,
  gain: number,
  draws: Draws,
): void {
  const { gapSeconds, map, seconds, microvolts, wave } = transient;
  const length = Math.round(seconds * scalp.sampleRateHz);
  const samples = Float32Array.from({ length }, (_, i) => wave(i / scalp.sampleRateHz));
  for (const { startSeconds, endSeconds } of spans) {
    for (const onset of draws.onsets(startSeconds, endSeconds - seconds, gapSeconds)) {
      const level = (map === LATERAL_EYES && draws.chance(0.5) ? -gain : gain) * draws.between(...microvolts);
      projectInto(scalp, samples, map, level, Math.round(onset * scalp.sampleRateHz));
    }
  }
}
