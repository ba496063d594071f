import { appendFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { type Command, InvalidArgumentError, Option } from "commander";
import { postprocessFromConfig } from "../config/layer-options.js";
import { ratesJson } from "../scoring/json-names.js";
import type { AlarmScorer } from "../scoring/operating-points.js";
import { type RateSensitivity, sensitivitiesAtRates } from "../scoring/rate-sensitivity.js";
import { hoursToResolve } from "../scoring/resolution.js";
import { acceptOption, PREDICTION_MISSING } from "./accept-option.js";
import { addBootstrapOptions, type BootstrapFlags, bootstrapOf } from "./bootstrap-flags.js";
import { addDataOptions, configOf, type DataFlags } from "./data-options.js";
import { optimismOf } from "./optimism.js";
import { readScoredSplit, reportMissing, type ScoredPrediction } from "./scored-predictions.js";
import { addSplitOptions } from "./split-flags.js";

interface ThresholdFlags extends DataFlags, BootstrapFlags {
  readonly predictions: string;
  readonly fa?: readonly number[];
  readonly scorer: AlarmScorer;
  readonly split: string;
  readonly forceEval?: boolean;
  readonly allowOtherCache?: boolean;
  readonly accept?: readonly string[];
}

/** Rates separated by commas, for commander. */
function parseRates(text: string): number[] {
  const rates = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (rates.every((rate) => rate >= 0 && Number.isFinite(rate))) return rates;
  throw new InvalidArgumentError("expected false alarms per 24 h, at least 0, separated by commas, e.g. 10,5,2.5,1");
}

/** Log of searches on eval, in the folder of the predictions. */
export const SEARCH_LOG = "eval-searches.jsonl";

/** Logs a search on eval. */
export async function logEvalSearch(predictions: string, entry: object): Promise<void> {
  const line = JSON.stringify({ at: new Date().toISOString(), ...entry });
  await appendFile(join(resolve(predictions), SEARCH_LOG), `${line}\n`);
}

const number = (value: number, decimals: number) => (Number.isNaN(value) ? "n/a" : value.toFixed(decimals));

function rowText(rate: RateSensitivity): string {
  const { maxFalseAlarmsPer24h, threshold, sensitivity, falseAlarmsPer24h, upperFalseAlarmsPer24h } = rate;
  const asked = `${maxFalseAlarmsPer24h}`.padStart(WIDTH);
  if (!rate.isResolved) return `${asked}   not resolved: it takes ${number(hoursToResolve(maxFalseAlarmsPer24h), 1)} h`;
  const { value, lower, upper, patients } = sensitivity;
  const at = Number.isFinite(threshold) ? threshold.toFixed(4) : "silence";
  const cells = [at, number(value, 3), `${number(lower, 3)} to ${number(upper, 3)}`, `${patients}`];
  const rates = [number(falseAlarmsPer24h, 2), number(upperFalseAlarmsPer24h, 2)];
  return [asked, ...[...cells, ...rates].map((cell) => cell.padStart(WIDTH))].join("");
}

const WIDTH = 15;

/** Head and rows of a table of sensitivities. */
export function rateLines(rates: readonly RateSensitivity[]): string[] {
  const names = ["FA in 24 h", "threshold", "sensitivity", "interval", "patients", "FA found", "FA at most"];
  const head = names.map((cell) => cell.padStart(WIDTH)).join("");
  const [first] = rates;
  const note = first
    ? [
        `${number(first.hours, 2)} h of recording resolve ${number(first.leastFalseAlarmsPer24h, 2)} false alarms per 24 h, one in all; "at most" is a 95 % bound (Poisson)`,
      ]
    : [];
  return [head, ...rates.map(rowText), ...note];
}

/** A rate that was asked for must be resolved by the hours; of the configured ones at least one. */
function requireResolved(rates: readonly RateSensitivity[], isAsked: boolean): void {
  const unresolved = rates.filter((rate) => !rate.isResolved);
  const [first] = unresolved;
  if (!first || (!isAsked && unresolved.length < rates.length)) return;
  const wanted = unresolved.map(({ maxFalseAlarmsPer24h: rate }) => rate);
  const source = isAsked ? "--fa" : "evaluation.fa_rates";
  const lowest = Math.min(...wanted);
  const more = lowest > 0 ? `, or predict at least ${number(hoursToResolve(lowest), 1)} h` : "";
  throw new UsageError(
    `${number(first.hours, 2)} h of recordings cannot resolve ${wanted.join(", ")} false alarms per 24 h (${source}): one false alarm is ${number(first.leastFalseAlarmsPer24h, 1)} per 24 h; ask for --fa ${Math.ceil(first.leastFalseAlarmsPer24h)} or more${more}`,
  );
}

/** Without a seizure every threshold has the same sensitivity: none. */
function requireSeizure(recordings: readonly ScoredPrediction[], split: string): void {
  if (recordings.some(({ reference }) => reference.length > 0)) return;
  throw new UsageError(
    `none of the ${recordings.length} labelled recordings of ${split} has a seizure, so no threshold has a sensitivity; search on a split with seizures (--split), or choose other splits (data.split)`,
  );
}

async function threshold(flags: ThresholdFlags): Promise<Outcome> {
  const bootstrap = bootstrapOf(flags);
  if (flags.split === "eval" && !flags.forceEval)
    throw new UsageError(
      "invalid --split eval: search on dev and score eval at the threshold found there, or force it (--force-eval)",
    );
  const loaded = await configOf(flags, ["cacheDir"]);
  const { recordings, missing, checkpointHash } = await readScoredSplit(loaded, flags);
  requireSeizure(recordings, flags.split);
  const postprocess = postprocessFromConfig(loaded.config);
  const { scorer, split, forceEval } = flags;
  const perDay = flags.fa ?? loaded.config.evaluation.fa_rates;
  const rates = sensitivitiesAtRates(recordings, perDay, { ...bootstrap, postprocess, scorer, forceEval });
  requireResolved(rates, flags.fa !== undefined);
  if (split === "eval") await logEvalSearch(flags.predictions, { verb: "threshold", checkpointHash, perDay, scorer });
  const ratio = postprocess.offThreshold / postprocess.onThreshold;
  const first = rates.find((rate) => rate.isResolved);
  if (!first) throw new RangeError("invalid evaluation.fa_rates: it is empty; expected false alarms per 24 h");
  const prefix = "postprocessing.hysteresis";
  const use = Number.isFinite(first.threshold)
    ? [
        `use that of ${first.maxFalseAlarmsPer24h}: --set ${prefix}.tau_on=${first.threshold} --set ${prefix}.tau_off=${first.threshold * ratio}`,
      ]
    : [`no threshold has at most ${first.maxFalseAlarmsPer24h} false alarms per 24 h`];
  const patients = new Set(recordings.map(({ patient }) => patient)).size;
  const head = `${split}: ${recordings.length} recordings of ${patients} patients, ${scorer === "ovlp" ? "OVLP" : "SzCORE events"}, ${100 * bootstrap.level} % intervals by patient`;
  const { metric } = loaded.config.training.early_stopping;
  const optimism = optimismOf(split, { metric, isSearched: true });
  return {
    json: {
      optimism: optimism ?? null,
      ...{ split, scorer, recordings: recordings.length, patients, missing, checkpointHash, ...bootstrap },
      rates: ratesJson(
        rates.map((rate) => ({
          ...rate,
          threshold: Number.isFinite(rate.threshold) ? rate.threshold : null,
          offThreshold: Number.isFinite(rate.threshold) ? rate.threshold * ratio : null,
        })),
      ),
    },
    text: [head, ...rateLines(rates), ...(optimism === undefined ? [] : [optimism]), ...use].join("\n"),
    exitCode: reportMissing(missing, flags.accept),
  };
}

const HELP = `
A rate is refused that the hours of the recordings cannot resolve: one false alarm in them is already more.
A threshold is chosen on dev and used unchanged on eval. --split eval is refused; with --force-eval it is searched anyway,
and the search is logged in DIR/${SEARCH_LOG}.
Exit code: 1 when a labelled recording of the split has no prediction, as after an interrupted "ictal predict", unless
--accept ${PREDICTION_MISSING} is given.

Examples:
  ictal threshold --config configs/smoke_test.yaml --predictions results/dev
  ictal threshold --config configs/smoke_test.yaml --predictions results/dev --fa 1 --scorer ovlp --json`;

/** Adds `ictal threshold`. */
export function addThresholdCommand(program: Command): void {
  const command = addSplitOptions(addDataOptions(program.command("threshold"), ["cacheDir"]))
    .description("find the onset threshold with the highest sensitivity at given false alarm rates, on dev")
    .requiredOption("--predictions <dir>", "output folder of ictal predict")
    .option("--fa <rates>", "allowed false alarms per 24 h, comma-separated (default: evaluation.fa_rates)", parseRates)
    .addOption(
      new Option("--scorer <name>", "scorer that counts the events").choices(["szcore", "ovlp"]).default("szcore"),
    )
    .option("--split <name>", "train or dev", "dev")
    .option("--force-eval", "also allow eval, and log that")
    .addOption(acceptOption("predictions", "codes of known problems that do not change the exit code"))
    .option("--allow-other-cache", "accept predictions made on another cache than the configured one");
  addBootstrapOptions(command).addHelpText("after", HELP).action(action(threshold));
}
