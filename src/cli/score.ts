import { action, type Outcome, UsageError } from "@ictal/base/action";
import { FormatError } from "@ictal/base/errors";
import { notify, printable, printableAll } from "@ictal/base/printable";
import type { Command } from "commander";
import { locationOfFinding } from "../recording/finding.js";
import { scoreBreakdown } from "../scoring/breakdown.js";
import { scoresJson } from "../scoring/json-names.js";
import { scoreNedc } from "../scoring/nedc/score-nedc.js";
import { onsetLatency } from "../scoring/onset-latency.js";
import { scoreSzcore } from "../scoring/score.js";
import { compareDetectors, scoreIntervals } from "../scoring/score-intervals.js";
import { scoreSzcoreEvaluation } from "../scoring/szcore-evaluation.js";
import { acceptOption, isAccepted } from "./accept-option.js";
import { addBootstrapOptions, type BootstrapFlags, bootstrapOf } from "./bootstrap-flags.js";
import { writeScorePage } from "./score-page.js";
import { addScoreSplitOptions, onlyPairs, type ScoreSplitFlags, scoredRecordings } from "./score-split.js";
import { type ScoreReport, scoreText } from "./score-text.js";
import { pairTrees, readScoreTree, type ScorePairs } from "./score-tree.js";

const SCORERS = ["szcore", "szcore-1hz", "nedc", "all"];

interface ScoreOptions extends BootstrapFlags, ScoreSplitFlags {
  readonly ref: string;
  readonly hyp: string;
  readonly scorer: string;
  readonly durationTolerance: string;
  readonly accept?: readonly string[] | undefined;
  readonly compare?: string | undefined;
  readonly intervals?: boolean | undefined;
  readonly breakdown?: boolean | undefined;
  readonly report?: string | undefined;
}

/** Adds `score`. */
export function addScoreCommand(program: Command): void {
  const command = program
    .command("score")
    .description("score detections against a reference; a recording without a hypothesis counts as no detections")
    .requiredOption("--ref <dir>", "folder of reference annotations (csv_bi, tsv, tse_bi, csv, tse)")
    .requiredOption("--hyp <dir>", "folder of detections with the same relative paths")
    .option(
      "--scorer <name>",
      "szcore, szcore-1hz (as the szcore-evaluation package), nedc (OVLP, TAES, EPOCH, DPALIGN, IRA) or all",
      "all",
    )
    .option(
      "--duration-tolerance <seconds>",
      "maximum difference between the durations of reference and detections",
      "0.1",
    )
    .addOption(
      acceptOption(
        "score",
        'codes of findings for which a recording may be refused without exit code 1 ("all" for every one); it is not scored',
      ),
    )
    .option(
      "--compare <dir>",
      "folder of detections of a second detector: differences with a paired bootstrap over patients",
    )
    .option("--intervals", "confidence intervals of the pooled scores by a bootstrap over patients")
    .option(
      "--breakdown",
      "sensitivity by seizure type (from csv files next to csv_bi), duration and patient; onset latency",
    )
    .option("--report <file>", "write an HTML report with scores, figures and worst recordings");
  addBootstrapOptions(addScoreSplitOptions(command))
    .option("--json", "print one JSON document")
    .action(action((options: ScoreOptions) => score(options)));
}

/** Refused recordings and notes printed on stderr; `--json` lists all. */
const PRINTED = 20;

async function score(options: ScoreOptions): Promise<Outcome> {
  if (!SCORERS.includes(options.scorer))
    throw new UsageError(`invalid --scorer ${options.scorer}: expected one of ${SCORERS.join(", ")}`);
  const tolerance = Number(options.durationTolerance);
  if (options.durationTolerance.trim() === "" || !(tolerance >= 0 && Number.isFinite(tolerance)))
    throw new UsageError(`invalid --duration-tolerance ${options.durationTolerance}: expected seconds, at least 0`);
  const bootstrap = bootstrapOf(options);
  const references = await readScoreTree(options.ref, "--ref");
  const whole = pairTrees(references, await readScoreTree(options.hyp, "--hyp"), tolerance);
  const isWanted = await scoredRecordings(whole, options);
  const first = onlyPairs(whole, isWanted);
  const second =
    options.compare === undefined
      ? undefined
      : onlyPairs(pairTrees(references, await readScoreTree(options.compare, "--compare"), tolerance), isWanted);
  const { pairs, missing } = first;
  const refused = unique([...first.refused, ...(second?.refused ?? [])]);
  const notes = unique([...first.notes, ...(second?.notes ?? [])]);
  tellLines(
    refused.map((each) => `not scored: ${each.id} (${each.code}): ${locationOfFinding(each)}: ${each.message}`),
  );
  tellLines(notes.map((each) => `${locationOfFinding(each)}: ${each.code}: ${each.message}`));
  refuseNothing(first, options.ref);
  const asks = (name: string) => options.scorer === name || options.scorer === "all";
  const report: ScoreReport = {
    recordings: pairs.length,
    missing,
    refused,
    notes,
    ...(asks("szcore") ? { szcore: scoreSzcore(pairs) } : {}),
    ...(asks("szcore-1hz") ? { szcore1Hz: scoreSzcoreEvaluation(pairs, { durationToleranceSeconds: tolerance }) } : {}),
    ...(asks("nedc") ? { nedc: scoreNedc(pairs) } : {}),
    ...(options.intervals ? { intervals: scoreIntervals(pairs, bootstrap) } : {}),
    ...(options.breakdown ? { breakdown: scoreBreakdown(pairs), latency: onsetLatency(pairs) } : {}),
    ...(second ? { comparison: compared(first, second, bootstrap) } : {}),
  };
  if (options.report !== undefined) {
    const { ref, hyp, scorer } = options;
    await writeScorePage(options.report, report, pairs, { reference: ref, hypothesis: hyp, scorer });
  }
  const isKnown = refused.every(({ code }) => isAccepted(code, options.accept));
  return { json: scoresJson(report), text: scoreText(printableAll(report)), exitCode: isKnown ? 0 : 1 };
}

/** Two detectors on the recordings of which both could be scored. */
function compared(first: ScorePairs, second: ScorePairs, bootstrap: ReturnType<typeof bootstrapOf>) {
  const ofBoth = (own: ScorePairs, other: ScorePairs) =>
    own.pairs.filter(({ id }) => other.pairs.some((pair) => pair.id === id));
  const pairs = ofBoth(first, second);
  if (pairs.length === 0)
    throw new FormatError("no recording could be scored for both detectors; see the messages above", {
      file: "--compare",
    });
  return { ...compareDetectors(pairs, ofBoth(second, first), bootstrap), missing: second.missing };
}

function refuseNothing({ pairs, refused }: ScorePairs, ref: string): void {
  if (pairs.length > 0) return;
  const why =
    refused.length > 0 ? "every reference or hypothesis has errors; see the messages above" : "no reference was read";
  throw new FormatError(`nothing could be scored: ${why}`, { file: ref });
}

/** Messages that two detectors share are printed once. */
function unique<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

function tellLines(lines: readonly string[]): void {
  for (const line of lines.slice(0, PRINTED)) notify(printable(`ictal: ${line}`));
  if (lines.length > PRINTED) notify(`ictal: and ${lines.length - PRINTED} more; --json lists all`);
}
