import { action, type Outcome, UsageError } from "@ictal/base/action";
import { parseCount, parseNumber } from "@ictal/base/flags";
import { createProgress } from "@ictal/base/progress";
import type { Command } from "commander";
import { REALISM_PARTS } from "../corpus/synthetic/realism.js";
import { type SyntheticReport, synthesizeCorpus } from "../corpus/synthetic/synthesize.js";
import { VARIED_PATIENTS } from "../corpus/synthetic/varied-table.js";

interface SynthFlags {
  readonly seed: number;
  readonly recordings?: number;
  readonly maxSeconds?: number;
  readonly background?: number;
  readonly difficulty?: number;
  readonly realism?: readonly string[];
  readonly patients?: number;
}

const SYNTH_HELP = `
Without --difficulty and --realism this is the small plain corpus: fast, and easy for any detector.
With one of them it is a varied corpus, in which detectors can be told apart. Its parts:
  patients     background as different between patients as between real ones (slope, amplitude, correlation)
  sleep        stages from wake to REM with spindles, K complexes, slow waves
  look-alikes  rhythmic delta, periodic discharges, wickets, chewing, pops, patting, mains
  dynamotypes  seizures by their onset and offset bifurcation, some with onsets below the background
  raters       labels as two people would set them; the second's are in derivatives/rater-2
  edges        seizures that already run at the first sample or still run at the last
derivatives/truth holds what is truly in the signal; synthetic.json the class and SNR of each seizure.

Examples:
  ictal corpus synth data/hard --difficulty 0.5
  ictal corpus synth data/plain-patients --difficulty 0.5 --realism look-alikes,dynamotypes
  ictal score --ref data/hard/edf --hyp data/hard/derivatives/rater-2/edf`;

/** "all", or names of parts separated by commas. */
function parseParts(text: string): readonly string[] {
  return text === "all" ? REALISM_PARTS : text.split(",").map((part) => part.trim());
}

/** Adds `corpus synth`. */
export function addSynthCommand(corpus: Command): void {
  corpus
    .command("synth")
    .description("create a synthetic corpus in the layout of TUSZ v2; the same seed gives the same bytes")
    .argument("<folder>", "an empty or new folder, or an earlier synthetic corpus, which is checked and completed")
    .option("--seed <number>", "random seed", parseCount(0), 42)
    .option("--recordings <count>", "number of recordings, some of every split (default: all)", parseCount(1))
    .option("--max-seconds <seconds>", "maximum length of a recording", parseCount(20))
    .option("--background <count>", "half-hour recordings without seizures in train, at most 4", parseCount(0, 4))
    .option("--difficulty <number>", "create a varied corpus, from 0 (easy) to 1 (hard)", parseNumber(0, 1))
    .option("--realism <parts>", "parts of a varied corpus, separated by commas, or all (default: all)", parseParts)
    .option("--patients <count>", `patients of a varied corpus (default: ${VARIED_PATIENTS})`, parseCount(6, 2000))
    .option("--json", "print one JSON document")
    .addHelpText("after", SYNTH_HELP)
    .action(action((folder: string, flags: SynthFlags) => synth(folder, flags)));
}

async function synth(folder: string, flags: SynthFlags): Promise<Outcome> {
  const { maxSeconds: maxDurationSeconds, seed, recordings, background, difficulty, realism, patients } = flags;
  try {
    const report = await synthesizeCorpus(folder, {
      ...{ seed, recordings, maxDurationSeconds, background, difficulty, realism, patients },
      progress: createProgress({ intervalMilliseconds: 1000 }),
    });
    return { json: report, text: synthText(report) };
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error; // flags that do not go together
  }
}

function synthText(report: SyntheticReport): string {
  const { realism, reused, recordings } = report;
  const patients = Object.entries(report.patients).map(([split, count]) => `${count} in ${split}`);
  return [
    `${report.dir}: ${recordings} recordings, ${report.hours.toFixed(2)} h, ${report.seizures} seizures, ${(report.bytes / 1e6).toFixed(1)} MB, seed ${report.seed}`,
    `patients: ${patients.join(", ")}`,
    ...(realism ? [`difficulty ${realism.difficulty}, with ${realism.parts.join(", ")}`] : []),
    reused === recordings
      ? "all exist already and are intact"
      : `${recordings - reused} created, ${reused} exist already`,
  ].join("\n");
}
