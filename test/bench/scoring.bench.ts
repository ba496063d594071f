import { spawnSync } from "node:child_process";
import { createRandom } from "../../src/base/random.js";
import { aurocInterval, compareAuroc } from "../../src/scoring/auroc-interval.js";
import { createEventStream } from "../../src/scoring/event-stream.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import { operatingPoints } from "../../src/scoring/operating-points.js";
import { detectEvents } from "../../src/scoring/postprocess.js";
import { sensitivitiesAtRates } from "../../src/scoring/rate-sensitivity.js";
import { cellLabels, scoreSzcore } from "../../src/scoring/score.js";
import { compareDetectors, scoreIntervals } from "../../src/scoring/score-intervals.js";
import { scoreSzcoreEvaluation } from "../../src/scoring/szcore-evaluation.js";

/*
 * A split the size of TUSZ's eval: 865 recordings, 128 h, about 470 seizures, and a detector that hits half of them with
 * a false alarm an hour. Peers in the same run: one pass that labels every 1 Hz cell of both sides, and, where
 * ICTAL_PYTHON (or python3) has it, the timescoring package on the same events, whose counts must be equal.
 */

const RECORDINGS = 865;
const SECONDS = Math.round((128 * 3600) / RECORDINGS);
const ROUNDS = 7;
const WARM_ROUNDS = 301; // a millisecond each
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
const oneHertz = measure("SzCORE by szcore-evaluation's path", () => scoreSzcoreEvaluation(recordings).pooled.event.tp);
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
const auroc = measure("AUROC interval by patient", () => aurocInterval(recordings).upper);
const events = measure("intervals of 11 measures by patient", () => scoreIntervals(recordings).measures.eventF1.upper);
const other = recordings.map((each) => ({ ...each, hypothesis: each.hypothesis.slice(1) }));
const paired = measure("comparison of 11 measures, 9999 exchanges", () => {
  return compareDetectors(recordings, other, { seed: 1 }).differences.eventF1.p;
});
const scores = recordings.map((each) => ({ ...each, probability: each.probability.map((value) => value * value) }));
const areas = measure("comparison of AUROCs, 9999 exchanges", () => compareAuroc(recordings, scores, { seed: 1 }).p);
console.log(`all intervals and tests by patient: ${(auroc + events + paired + areas).toFixed(2)} s`);
measure("sensitivities at 4 rates, 1000 draws", () => {
  return sensitivitiesAtRates(recordings, [10, 5, 2.5, 1], { seed: 1 }).length;
});
const all = szcore + oneHertz + nedc;
console.log(
  `all scorers: ${all.toFixed(3)} s, ${(all / peer).toFixed(1)} x the pass over cells (sink ${sink.toFixed(0)})`,
);

const TIMESCORING = `
import json, sys, time
try:
    from timescoring.annotations import Annotation
    from timescoring.scoring import EventScoring, SampleScoring
except ImportError:
    sys.exit(3)
work = json.load(sys.stdin)
seconds = []
for _ in range(3):
    start = time.process_time()
    counts = [0] * 6
    for duration, ref, hyp in work:
        a, b = (Annotation([tuple(e) for e in side], 10, round(duration * 10)) for side in (ref, hyp))
        e, s = EventScoring(a, b), SampleScoring(a, b)
        for i, v in enumerate((e.refTrue, e.tp, e.fp, s.refTrue, s.tp, s.fp)):
            counts[i] += int(v)
    seconds.append(time.process_time() - start)
print(json.dumps([sorted(seconds)[1], counts]))
`;

function compareWithTimescoring(): void {
  const rows = (events: readonly { startSeconds: number; endSeconds: number }[]) =>
    [...events].sort((a, b) => a.startSeconds - b.startSeconds).map((each) => [each.startSeconds, each.endSeconds]);
  const work = recordings.map(({ reference, hypothesis }) => [SECONDS, rows(reference), rows(hypothesis)]);
  const python = process.env.ICTAL_PYTHON ?? "python3";
  const { status, stdout, stderr } = spawnSync(python, ["-P", "-c", TIMESCORING], {
    input: JSON.stringify(work),
    encoding: "utf8",
  });
  if (status !== 0) {
    console.log(`timescoring: ${status === 3 ? `${python} has no timescoring (set ICTAL_PYTHON)` : stderr}`);
    return;
  }
  const [theirs, counts] = JSON.parse(stdout) as [number, number[]];
  const cpu = () => process.cpuUsage().user + process.cpuUsage().system;
  const rounds = Array.from({ length: WARM_ROUNDS }, () => {
    const start = cpu();
    sink += scoreSzcore(recordings).event.tp;
    return (cpu() - start) / 1e6;
  });
  const ours = rounds.sort((a, b) => a - b)[WARM_ROUNDS >> 1]!;
  const { event, sample } = scoreSzcore(recordings);
  const found = [event, sample].flatMap(({ refTrue, tp, fp }) => [refTrue, tp, fp]);
  const isEqual = JSON.stringify(found) === JSON.stringify(counts);
  console.log(
    `timescoring: ${theirs.toFixed(3)} s of processor, ours ${ours.toFixed(5)} s when warm: ${(theirs / ours).toFixed(0)} x; counts ${isEqual ? "equal" : `differ: ${counts} and ${found}`}`,
  );
}

compareWithTimescoring();
