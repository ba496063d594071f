import { createRandom } from "../../src/base/random.js";
import { aurocInterval } from "../../src/scoring/auroc-interval.js";
import { createEventStream } from "../../src/scoring/event-stream.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import { operatingPoints } from "../../src/scoring/operating-points.js";
import { detectEvents } from "../../src/scoring/postprocess.js";
import { cellLabels, scoreSzcore } from "../../src/scoring/score.js";

/*
 * A split the size of TUSZ's eval: 865 recordings, 128 h, about 470 seizures, and a detector that hits half of them with
 * a false alarm an hour. The peer in the same run is one pass that labels every 1 Hz cell of both sides.
 */

const RECORDINGS = 865;
const SECONDS = Math.round((128 * 3600) / RECORDINGS);
const ROUNDS = 7;
const random = createRandom(1, "scoring bench");

let draws = 0;
const uniform = () => random.uniform(draws++);
const event = (from: number, to: number) => ({ startSeconds: from, endSeconds: Math.min(to, SECONDS) });

const recordings = Array.from({ length: RECORDINGS }, (_, r) => {
  const starts = uniform() < 0.35 ? [60 + 60 * uniform(), 350 + 60 * uniform()].slice(0, uniform() < 0.55 ? 2 : 1) : [];
  const reference = starts.map((start) => event(start, start + 10 + 80 * uniform()));
  const hits = reference.filter(() => uniform() < 0.5);
  const hypothesis = hits.map(({ startSeconds, endSeconds }) => event(startSeconds + 5, endSeconds + 5));
  if (uniform() < 0.15) hypothesis.push(event(10 + 20 * uniform(), 40));
  const probability = Float32Array.from({ length: SECONDS }, () => 0.6 * uniform());
  for (const { startSeconds, endSeconds } of hypothesis)
    probability.fill(0.7 + 0.3 * uniform(), startSeconds, endSeconds);
  const id = `r${r}`;
  return { id, patient: `p${r % 43}`, durationSeconds: SECONDS, rateHz: 1, reference, hypothesis, probability };
});

let sink = 0;

function measure(name: string, work: () => number): number {
  const seconds: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const start = performance.now();
    sink += work();
    if (round >= 0) seconds.push((performance.now() - start) / 1000);
  }
  seconds.sort((a, b) => a - b);
  const [least, median, most] = [seconds[0]!, seconds[ROUNDS >> 1]!, seconds.at(-1)!];
  const text = [least, median, most].map((value) => value.toFixed(4).padStart(9)).join("");
  console.log(`${name.padEnd(42)}${text}`);
  return median;
}

const targets = recordings.reduce((sum, { reference }) => sum + reference.length, 0);
console.log(
  `${RECORDINGS} recordings, ${(RECORDINGS * SECONDS) / 3600} h, ${targets} seizures; seconds: least, median, most`,
);
const peer = measure("peer: label 1 Hz cells of both sides", () =>
  recordings.reduce(
    (sum, { reference, hypothesis }) =>
      sum + cellLabels(reference, SECONDS, 1)[9]! + cellLabels(hypothesis, SECONDS, 1)[9]!,
    0,
  ),
);
const szcore = measure("SzCORE, event and sample", () => scoreSzcore(recordings).event.tp);
const nedc = measure("NEDC, five scorers", () => scoreNedc(recordings).taes.hits);
measure("post-processing at 1 Hz", () => {
  return recordings.reduce((sum, { probability }) => sum + detectEvents(probability, 1).length, 0);
});
measure("post-processing at 1 Hz, streamed", () =>
  recordings.reduce((sum, { probability }) => {
    const stream = createEventStream({}, 1);
    return sum + stream.push(probability).length + stream.flush().length;
  }, 0),
);
measure("operating points, 64 thresholds", () => operatingPoints(recordings).length);
measure("AUROC interval, 200 replicates", () => aurocInterval(recordings, { seed: 1, replicates: 200 }).upper);
console.log(
  `all scorers: ${(szcore + nedc).toFixed(3)} s, ${((szcore + nedc) / peer).toFixed(1)} x the peer (sink ${sink.toFixed(0)})`,
);
