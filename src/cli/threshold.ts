import { appendFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { action, type Outcome } from "@ictal/base/action";
import { type Command, InvalidArgumentError, Option } from "commander";
import { postprocessFromConfig } from "../config/layer-options.js";
import { ratesJson } from "../scoring/json-names.js";
import type { AlarmScorer } from "../scoring/operating-points.js";
import { type RateSensitivity, sensitivitiesAtRates } from "../scoring/rate-sensitivity.js";
import { acceptOption, PREDICTION_MISSING } from "./accept-option.js";
import { addBootstrapOptions, type BootstrapFlags, bootstrapOf } from "./bootstrap-flags.js";
import { addDataOptions, configOf, type DataFlags } from "./data-options.js";
import { readScoredSplit, reportMissing } from "./scored-predictions.js";
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

function rowText({ maxFalseAlarmsPer24h, threshold, sensitivity, falseAlarmsPer24h }: RateSensitivity): string {
  const number = (value: number, decimals: number) => (Number.isNaN(value) ? "n/a" : value.toFixed(decimals));
  const { value, lower, upper } = sensitivity;
  const at = Number.isFinite(threshold) ? threshold.toFixed(4) : "silence";
  const cells = [`${maxFalseAlarmsPer24h}`, at, number(value, 3), `${number(lower, 3)} to ${number(upper, 3)}`];
  return [...cells, number(falseAlarmsPer24h, 2)].map((cell) => cell.padStart(15)).join("");
}

/** Head and rows of a table of sensitivities. */
export function rateLines(rates: readonly RateSensitivity[]): string[] {
  const head = ["FA in 24 h", "threshold", "sensitivity", "interval", "FA found"].map((cell) => cell.padStart(15));
  return [head.join(""), ...rates.map(rowText)];
}

async function threshold(flags: ThresholdFlags): Promise<Outcome> {
  const bootstrap = bootstrapOf(flags);
  const loaded = await configOf(flags, ["cacheDir"]);
  const { recordings, missing, checkpointHash } = await readScoredSplit(loaded, flags);
  const postprocess = postprocessFromConfig(loaded.config);
  const { scorer, split, forceEval } = flags;
  const perDay = flags.fa ?? loaded.config.evaluation.fa_rates;
  const rates = sensitivitiesAtRates(recordings, perDay, { ...bootstrap, postprocess, scorer, forceEval });
  if (split === "eval") await logEvalSearch(flags.predictions, { verb: "threshold", checkpointHash, perDay, scorer });
  const ratio = postprocess.offThreshold / postprocess.onThreshold;
  const [first] = rates;
  if (!first) throw new RangeError("invalid evaluation.fa_rates: it is empty; expected false alarms per 24 h");
  const prefix = "postprocessing.hysteresis";
  const use = Number.isFinite(first.threshold)
    ? [`use the first: --set ${prefix}.tau_on=${first.threshold} --set ${prefix}.tau_off=${first.threshold * ratio}`]
    : [`no threshold has at most ${first.maxFalseAlarmsPer24h} false alarms per 24 h`];
  const patients = new Set(recordings.map(({ patient }) => patient)).size;
  const head = `${split}: ${recordings.length} recordings of ${patients} patients, ${scorer === "ovlp" ? "OVLP" : "SzCORE events"}, ${100 * bootstrap.level} % intervals by patient`;
  return {
    json: {
      ...{ split, scorer, recordings: recordings.length, patients, missing, checkpointHash, ...bootstrap },
      rates: ratesJson(
        rates.map((rate) => ({
          ...rate,
          threshold: Number.isFinite(rate.threshold) ? rate.threshold : null,
          offThreshold: Number.isFinite(rate.threshold) ? rate.threshold * ratio : null,
        })),
      ),
    },
    text: [head, ...rateLines(rates), ...use].join("\n"),
    exitCode: reportMissing(missing, flags.accept),
  };
}

const HELP = `
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
