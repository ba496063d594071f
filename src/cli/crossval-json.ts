/** The document of `ictal crossval --json`, and its text. */
import { z } from "zod";
import type { FoldRun } from "../cluster/crossval/read-folds.js";
import type { AurocInterval } from "../scoring/auroc-interval.js";
import { scoresJson } from "../scoring/json-names.js";
import type { OutOfFoldScores, PooledScores } from "../scoring/out-of-fold.js";
import type { SzcoreRates } from "../scoring/szcore.js";

/** NaN is null in JSON. */
const value = z.number().nullable();
const interval = z.tuple([value, value]);
const event = z.looseObject({ sensitivity: value, precision: value, f1: value, fpPerDay: value });
const pooled = z.object({
  auroc: value,
  interval,
  meanOfFolds: value,
  event,
  eventIntervals: z.record(z.string(), interval),
  resolution: z.object({ hours: z.number(), leastFalseAlarmsPer24h: value, upperFalseAlarmsPer24h: value }),
});

export const crossvalSchema = z.object({
  folds: z.number(),
  seeds: z.array(z.number()),
  patients: z.number(),
  patientsWithSeizures: z.number(),
  outOfFold: pooled,
  bySeed: z.array(pooled.extend({ seed: z.number() })),
  ensemble: z.object({ auroc: value, interval }).optional(),
  perFold: z.array(
    z.object({
      ...{ seed: z.number(), fold: z.number(), patients: z.number(), patientsWithSeizures: z.number() },
      ...{ auroc: value, epoch: z.number(), epochs: z.number() },
      /** The metric on dev that chose the epoch; null where the last was taken. */
      epochBy: z.object({ metric: z.string(), onDev: value }).nullable(),
      ...{ threshold: value, thresholdFrom: z.enum(["dev", "configured"]), event },
    }),
  ),
  chosen: z.object({ epoch: z.string(), threshold: z.string() }),
  calibration: z.object({
    expectedError: value,
    /** The fits on dev by which each fold was corrected; null where the probabilities are as the networks gave them. */
    corrected: z
      .object({
        uncorrectedError: value,
        perFold: z.array(
          z.object({
            ...{ seed: z.number(), fold: z.number() },
            /** Null where dev lacks seizures or anything else. */
            fitted: z
              .object({ temperature: z.number(), bias: z.number(), prevalence: z.number(), patients: z.number() })
              .nullable(),
          }),
        ),
      })
      .nullable(),
  }),
  report: z.string(),
});

export type CrossvalJson = z.infer<typeof crossvalSchema>;

const intervalOf = ({ lower, upper }: Pick<AurocInterval, "lower" | "upper">): [number, number] => [lower, upper];

/** Counts and rates under the names that JSON documents have. */
function eventOf(rates: SzcoreRates): CrossvalJson["outOfFold"]["event"] {
  return event.parse(JSON.parse(JSON.stringify(scoresJson({ szcore: rates }).szcore))); // NaN becomes null
}

function pooledOf({
  auroc,
  meanOfFolds,
  event: rates,
  intervals,
  resolution,
}: PooledScores): CrossvalJson["outOfFold"] {
  const { eventSensitivity, eventPrecision, eventF1, eventFalseAlarmsPer24h } = intervals.measures;
  const measures = {
    ...{ sensitivity: eventSensitivity, precision: eventPrecision, f1: eventF1 },
    fpPerDay: eventFalseAlarmsPer24h,
  };
  const eventIntervals = Object.entries(measures).map(([name, estimate]) => [name, intervalOf(estimate)] as const);
  return {
    ...{ auroc: auroc.auroc, interval: intervalOf(auroc), meanOfFolds, event: eventOf(rates) },
    eventIntervals: Object.fromEntries(eventIntervals),
    resolution,
  };
}

/** The document of scores and of what was chosen. */
export function crossvalJson(
  scores: OutOfFoldScores,
  runs: readonly FoldRun[],
  about: Pick<CrossvalJson, "chosen" | "calibration" | "report">,
): CrossvalJson {
  const { folds, seeds, patients, patientsWithSeizures, outOfFold, bySeed, ensemble, perFold } = scores;
  return {
    ...{ folds, seeds: [...seeds], patients, patientsWithSeizures },
    outOfFold: pooledOf(outOfFold),
    bySeed: bySeed.map(({ seed, ...each }) => ({ seed, ...pooledOf(each) })),
    ...(ensemble && { ensemble: { auroc: ensemble.auroc, interval: intervalOf(ensemble) } }),
    perFold: perFold.map(({ event: rates, ...each }) => {
      const run = runs.find(({ fold, seed }) => fold === each.fold && seed === each.seed);
      const { epoch = 0, epochs = 0, metric = null } = run?.choice ?? {};
      const epochBy = metric && { metric: metric.name, onDev: metric.value };
      return { ...each, epoch, epochs, epochBy, event: eventOf(rates) };
    }),
    ...about,
  };
}

const number = (found: number | null | undefined, decimals = 3) =>
  found === null || found === undefined || !Number.isFinite(found) ? "n/a" : found.toFixed(decimals);
const between = ([lower, upper]: readonly (number | null)[]) => `${number(lower)} to ${number(upper)}`;

function pooledLines(
  name: string,
  { auroc, interval: bounds, meanOfFolds, event: rates, resolution }: CrossvalJson["outOfFold"],
) {
  return [
    `${name}: AUROC ${number(auroc)} (${between(bounds)}, 95 % by patient), mean of the folds ${number(meanOfFolds)}`,
    `  events: sensitivity ${number(rates.sensitivity)}, precision ${number(rates.precision)}, F1 ${number(rates.f1)}, ${number(rates.fpPerDay, 1)} false alarms in 24 h`,
    `  ${number(resolution.hours, 2)} h resolve ${number(resolution.leastFalseAlarmsPer24h, 1)} false alarms in 24 h; at most ${number(resolution.upperFalseAlarmsPer24h, 1)} (95 %, Poisson)`,
  ];
}

/** Mean and standard deviation over the seeds. */
function seedLine({ bySeed }: CrossvalJson): string {
  const values = bySeed.flatMap(({ auroc }) => (auroc === null ? [] : [auroc]));
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (values.length - 1));
  return `over ${bySeed.length} seeds: AUROC ${number(mean)}, standard deviation ${number(deviation)}`;
}

function foldTable({ perFold }: CrossvalJson): string[] {
  const head = ["seed", "fold", "patients", "with seizures", "AUROC", "epoch", "on dev", "threshold", "event F1"];
  const rows = perFold.map((each) => [
    ...[each.seed, each.fold, each.patients, each.patientsWithSeizures].map(String),
    number(each.auroc),
    `${each.epoch}/${each.epochs}`,
    each.epochBy === null ? "last" : number(each.epochBy.onDev),
    `${number(each.threshold)}${each.thresholdFrom === "dev" ? "" : "*"}`,
    number(each.event.f1),
  ]);
  const lines = [head, ...rows].map((cells) => cells.map((cell, i) => cell.padStart(i === 3 ? 15 : 10)).join(""));
  return perFold.some(({ thresholdFrom }) => thresholdFrom === "configured")
    ? [...lines, "* configured: dev finds no seizure at any threshold"]
    : lines;
}

/** How far the probabilities can be believed, and what corrected them. */
export function calibrationLine({ calibration: { expectedError, corrected } }: CrossvalJson): string {
  const error = `expected calibration error ${number(expectedError)}`;
  if (!corrected) return `${error}, probabilities as the networks give them; --calibrate corrects them`;
  const fits = corrected.perFold.flatMap(({ fitted }) => fitted ?? []);
  const temperatures = fits.map(({ temperature }) => temperature);
  const range = `temperature ${number(Math.min(...temperatures), 2)} to ${number(Math.max(...temperatures), 2)}`;
  const lacking = corrected.perFold.length - fits.length;
  const left =
    lacking > 0 ? `; ${lacking} of ${corrected.perFold.length} without both classes in dev are as they were` : "";
  return `${error}, ${number(corrected.uncorrectedError)} before the correction that each fold's dev patients fitted (${fits.length > 0 ? range : "none could be fitted"})${left}`;
}

/** The document as text, without the place of the report. */
export function crossvalLines(json: CrossvalJson): string[] {
  const { folds, seeds, patients, patientsWithSeizures, outOfFold, bySeed, ensemble, chosen } = json;
  const trained = seeds.length === 1 ? "one seed" : `${seeds.length} seeds`;
  return [
    `${folds} folds of ${patients} patients (${patientsWithSeizures} with seizures), ${trained}`,
    ...pooledLines("out of fold", outOfFold),
    ...(bySeed.length > 1
      ? [seedLine(json), ...bySeed.flatMap(({ seed, ...each }) => pooledLines(`seed ${seed}`, each))]
      : []),
    ...(ensemble
      ? [`mean of the seeds' probabilities: AUROC ${number(ensemble.auroc)} (${between(ensemble.interval)})`]
      : []),
    ...foldTable(json),
    `epoch: ${chosen.epoch}`,
    `threshold: ${chosen.threshold}`,
    calibrationLine(json),
  ];
}
