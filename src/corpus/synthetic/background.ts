import type { Interval } from "../../base/events.js";
import type { Random } from "../../base/random.js";
import { createDraws } from "./draws.js";
import { projectGated } from "./envelope.js";
import { namedMap, projectInto, type Scalp, spotMap } from "./head.js";
import { noiseState, pinkInto, rhythmInto } from "./noise.js";
import type { PatientTraits } from "./patient.js";

/** Sources of the background activity: two rings and the centre. */
export const SOURCES = [
  { x: 0, y: 0 },
  ...Array.from({ length: 5 }, (_, i) => ({ angle: (2 * Math.PI * i) / 5, radius: 0.5 })).map(polar),
  ...Array.from({ length: 8 }, (_, i) => ({ angle: (2 * Math.PI * (i + 0.5)) / 8, radius: 0.95 })).map(polar),
];

function polar({ angle, radius }: { angle: number; radius: number }) {
  return { x: radius * Math.sin(angle), y: radius * Math.cos(angle) };
}

/** Where alpha occurs, by side. */
export const POSTERIOR = {
  left: namedMap({ O1: 1, P3: 0.6, T5: 0.55, PZ: 0.4, O2: 0.35, C3: 0.15, C3P: 0.3, P4: 0.2 }),
  right: namedMap({ O2: 1, P4: 0.6, T6: 0.55, PZ: 0.4, O1: 0.35, C4: 0.15, P3: 0.2 }),
};
const FRONTAL = spotMap({ x: 0, y: 0.7 }, 0.5);
const VERTEX = spotMap({ x: 0, y: 0.1 }, 0.45);

/** Alternating intervals of closed and open eyes; alpha occurs in the former, blinks in the latter. */
export function drawEyesClosed(random: Random, durationSeconds: number): Interval[] {
  const draws = createDraws(random);
  const closed: Interval[] = [];
  let time = draws.between(-10, 10);
  while (time < durationSeconds) {
    const end = time + draws.between(8, 30);
    if (end > 0) closed.push({ startSeconds: Math.max(0, time), endSeconds: Math.min(end, durationSeconds) });
    time = end + draws.between(6, 25);
  }
  return closed;
}

/**
 * Add the resting activity to `scalp`: 1/f sources projected by volume conduction, posterior alpha that
 * waxes and wanes while the eyes are closed, frontal beta, and occasional seconds of frontal slowing or vertex
 * spindles.
 */
export function addBackground(
  scalp: Scalp,
  patient: PatientTraits,
  eyesClosed: readonly Interval[],
  random: Random,
): void {
  const { sampleRateHz, sampleCount } = scalp;
  const draws = createDraws(random.stream("gains"));
  const source = new Float32Array(sampleCount);
  SOURCES.forEach((place, index) => {
    pinkInto(source, sampleRateHz, noiseState(random.stream(`source ${index}`)));
    projectInto(scalp, source, spotMap(place, 0.36), patient.backgroundMicrovolts * draws.between(0.7, 1.3));
  });
  for (const side of ["left", "right"] as const) {
    const state = noiseState(random.stream(`alpha ${side}`));
    rhythmInto(source, sampleRateHz, { centreHz: patient.alphaHz, bandwidthHz: 0.9 }, state);
    projectGated(scalp, source, eyesClosed, 0.8, POSTERIOR[side], patient.alphaMicrovolts);
  }
  rhythmInto(source, sampleRateHz, { centreHz: 20, bandwidthHz: 7 }, noiseState(random.stream("beta")));
  projectInto(scalp, source, FRONTAL, draws.between(1.5, 5));
  const bursts = [
    { name: "slowing", centreHz: draws.between(2, 3), bandwidthHz: 1.2, meanGap: 45, map: FRONTAL, level: 24 },
    { name: "spindles", centreHz: draws.between(12, 14), bandwidthHz: 1.2, meanGap: 30, map: VERTEX, level: 14 },
  ];
  for (const { name, meanGap, map, level, ...band } of bursts) {
    rhythmInto(source, sampleRateHz, band, noiseState(random.stream(name)));
    const onsets = draws.onsets(0, sampleCount / sampleRateHz, meanGap);
    const spans = onsets.map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + draws.between(0.8, 2.8) }));
    projectGated(scalp, source, spans, 0.4, map, level * draws.between(0.7, 1.3));
  }
}
