/** `ictal calibrate`: temperature and prior of probabilities, fitted on dev. */
import { resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { type Command, InvalidArgumentError } from "commander";
import { calibrationCurve } from "../scoring/calibration.js";
import { calibrationOutOfFold, fitCalibration, shiftPrevalence } from "../scoring/fit-calibration.js";
import { LEAST_PATIENTS } from "../scoring/patient-interval.js";
import { pooledCells } from "../scoring/score.js";
import { type CalibrationFile, calibrationText } from "./calibration-file.js";
import { addDataOptions, configOf, type DataFlags } from "./data-options.js";
import { readScoredSplit } from "./scored-predictions.js";
import { addSplitOptions } from "./split-flags.js";

interface CalibrateFlags extends DataFlags {
  readonly predictions: string;
  readonly out: string;
  readonly split: string;
  readonly prevalence?: number;
  readonly allowOtherCache?: boolean;
}

/** A share of time, for commander. */
function parsePrevalence(text: string): number {
  const share = text.trim() === "" ? Number.NaN : Number(text);
  if (share > 0 && share < 1) return share;
  throw new InvalidArgumentError("expected the share of time in seizure, between 0 and 1, e.g. 0.01");
}

function requireFittable(
  recordings: readonly { readonly patient: string; readonly reference: readonly unknown[] }[],
): void {
  const patients = new Set(recordings.map(({ patient }) => patient)).size;
  const ill = new Set(recordings.flatMap(({ patient, reference }) => (reference.length > 0 ? [patient] : []))).size;
  if (patients >= LEAST_PATIENTS && ill >= 2) return;
  throw new UsageError(
    `${patients} patients, ${ill} with seizures, are too few to fit a calibration and to check it on others; expected at least ${LEAST_PATIENTS} patients, 2 with seizures`,
  );
}

const number = (value: number) => (Number.isNaN(value) ? "n/a" : value.toFixed(3));

async function calibrate(flags: CalibrateFlags): Promise<Outcome> {
  const { split, out } = flags;
  if (split === "eval")
    throw new UsageError("invalid --split eval: a calibration is fitted on dev and used unchanged on eval");
  const { recordings, checkpointHash, calibrationHash } = await readScoredSplit(
    await configOf(flags, ["cacheDir"]),
    flags,
  );
  if (calibrationHash !== undefined)
    throw new UsageError(
      `${flags.predictions} holds calibrated probabilities; fit on those of ictal predict without --calibration`,
    );
  requireFittable(recordings);
  const fitted = fitCalibration(recordings);
  const deployed = flags.prevalence ?? fitted.prevalence;
  const { score, truth } = pooledCells(recordings);
  const [before, outOfFold] = [calibrationCurve(score, truth), calibrationOutOfFold(recordings)];
  const file: CalibrationFile = {
    formatVersion: 1,
    ...shiftPrevalence(fitted, deployed),
    checkpointHash,
    split,
    patients: fitted.patients,
    prevalence: { fitted: fitted.prevalence, deployed },
    expectedError: { before: before.expectedError, outOfFold: outOfFold.expectedError },
  };
  await writeFileAtomic(resolve(out), calibrationText(file));
  const text = [
    `${split}, ${file.patients} patients: temperature ${number(file.temperature)}, log-odds shifted by ${number(file.bias)}`,
    `prevalence of seizure ${number(fitted.prevalence)} in ${split}, ${number(deployed)} in use`,
    `expected calibration error ${number(before.expectedError)}; ${number(outOfFold.expectedError)} where other patients fitted the correction`,
    "thresholds of uncorrected probabilities no longer hold: search them again after ictal predict --calibration",
    out,
  ];
  return { json: { out, ...file }, text: text.join("\n") };
}

const HELP = `
The correction divides the log-odds of each probability by a temperature and shifts them; --prevalence shifts them to the share
of time in seizure where the detector will be used. The order of the probabilities and the AUROC stay as they are.

Examples:
  ictal calibrate --config configs/smoke_test.yaml --predictions results/dev --out results/smoke/calibration.json
  ictal predict --config configs/smoke_test.yaml --checkpoint results/smoke --out results/calibrated --calibration results/smoke/calibration.json`;

/** Adds `ictal calibrate`. */
export function addCalibrateCommand(program: Command): void {
  const command = addDataOptions(program.command("calibrate"))
    .description("fit temperature and prevalence of the probabilities on dev, for predict and detect")
    .requiredOption("--predictions <dir>", "output folder of ictal predict")
    .requiredOption("--out <file>", "JSON file to write, e.g. calibration.json in the folder of the run")
    .option("--prevalence <share>", "share of time in seizure in use (default: that of the split)", parsePrevalence)
    .option("--split <name>", "train or dev", "dev")
    .option("--allow-other-cache", "accept predictions made on another cache than the configured one");
  addSplitOptions(command).addHelpText("after", HELP).action(action(calibrate));
}
