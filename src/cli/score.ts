import { resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { FormatError } from "@ictal/base/errors";
import { notify, printable, printableAll } from "@ictal/base/printable";
import { type Command, InvalidArgumentError } from "commander";
import { locationOfFinding } from "../recording/finding.js";
import { scoreBreakdown } from "../scoring/breakdown.js";
import { compareExperts } from "../scoring/experts.js";
import { scoresJson } from "../scoring/json-names.js";
import { scoreNedc } from "../scoring/nedc/score-nedc.js";
import { onsetLatency } from "../scoring/onset-latency.js";
import { alarmResolutions } from "../scoring/resolution.js";
import { scoreSzcore } from "../scoring/score.js";
import { compareDetectors, scoreIntervals } from "../scoring/score-intervals.js";
import { scoreSzcoreEvaluation } from "../scoring/szcore-evaluation.js";
import { acceptOption, isAccepted } from "./accept-option.js";
import { addBootstrapOptions, type BootstrapFlags, bootstrapOf } from "./bootstrap-flags.js";
import { optimismOf, splitOfFolders } from "./optimism.js";
import { checkOutputFile } from "./output-file.js";
import { type ExpertPairs, expertNames, pairExperts, readExpertTrees } from "./score-experts.js";
import { writeScorePage } from "./score-page.js";
import { addScoreSplitOptions, onlyPairs, type ScoreSplitFlags, scoredRecordings, tellSilent } from "./score-split.js";
import { type ScoreReport, scoreText } from "./score-text.js";
import { pairTrees, readScoreTree, type ScorePairs } from "./score-tree.js";

const SCORERS = ["szcore", "szcore-1hz", "nedc", "all"];

interface ScoreOptions extends BootstrapFlags, ScoreSplitFlags {
  readonly ref: readonly string[];
  readonly hyp?: string | undefined;
  readonly margin: number;
  readonly scorer: string;
  readonly durationTolerance: string;
  readonly accept?: readonly string[] | undefined;
  readonly compare?: string | undefined;
  readonly intervals?: boolean | undefined;
  readonly breakdown?: boolean | undefined;
  readonly lookAhead?: number | undefined;
  readonly report?: string | undefined;
}

/** Adds `score`. */
export function addScoreCommand(program: Command): void {
  const command = program
    .command("score")
    .description("score detections against a reference; a recording without a hypothesis counts as no detections")
    .requiredOption(
      "--ref <dir>",
      "folder of reference annotations (csv_bi, tsv, tse_bi, csv, tse); once per expert, then their majority is scored",
      (folder: string, before: readonly string[] = []) => [...before, folder],
    )
    .option("--hyp <dir>", "folder of detections with the same relative paths; several experts can do without")
    .option("--margin <kappa>", "how much less kappa than an expert's still counts as no worse", parseMargin, 0.1)
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
      "folder of detections of a second detector: differences with intervals and a paired permutation test by patient",
    )
    .option("--intervals", "confidence intervals of the pooled scores by patient (from 4 patients)")
    .option(
      "--breakdown",
      "sensitivity by seizure type (from csv files next to csv_bi), duration and patient; onset latency",
    )
    .option(
      "--look-ahead <seconds>",
      "what an alarm of the detector waits for, added to the onset latency (ictal config show prints it)",
      parseSeconds,
    )
    .option("--report <file>", "write an HTML report with scores, figures and worst recordings");
  const exchanges = "number of random exchanges of --compare, from 16 patients; all of them below";
  addBootstrapOptions(addScoreSplitOptions(command), "9999", exchanges)
    .option("--json", "print one JSON document")
    .action(action((options: ScoreOptions) => score(options)));
}

/** A difference of kappas, for commander. */
function parseMargin(text: string): number {
  const margin = text.trim() === "" ? Number.NaN : Number(text);
  if (margin >= 0 && margin < 2) return margin;
  throw new InvalidArgumentError("expected a difference of kappas, at least 0 and under 2");
}

/** Seconds, for commander. */
function parseSeconds(text: string): number {
  const seconds = text.trim() === "" ? Number.NaN : Number(text);
  if (seconds >= 0 && Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError("expected seconds, at least 0");
}

/** Refused recordings and notes printed on stderr; `--json` lists all. */
const PRINTED = 20;

/** Seconds by which a detection's duration may differ from the reference's; UsageError for what is none. */
function toleranceOf({ durationTolerance }: ScoreOptions): number {
  const tolerance = Number(durationTolerance);
  if (durationTolerance.trim() === "" || !(tolerance >= 0 && Number.isFinite(tolerance)))
    throw new UsageError(`invalid --duration-tolerance ${durationTolerance}: expected seconds, at least 0`);
  return tolerance;
}

/** What the scorers that were asked for say of `pairs`. */
function measuresOf(pairs: ScorePairs["pairs"], options: ScoreOptions, tolerance: number): Partial<ScoreReport> {
  if (options.hyp === undefined) return {};
  const asks = (name: string) => options.scorer === name || options.scorer === "all";
  const szcore = asks("szcore") ? scoreSzcore(pairs) : undefined;
  const nedc = asks("nedc") ? scoreNedc(pairs) : undefined;
  return {
    ...(szcore ? { szcore } : {}),
    ...(asks("szcore-1hz") ? { szcore1Hz: scoreSzcoreEvaluation(pairs, { durationToleranceSeconds: tolerance }) } : {}),
    ...(nedc ? { nedc } : {}),
    ...((szcore ?? nedc) ? { resolution: alarmResolutions(pairs, { szcore, nedc }) } : {}),
  };
}

async function score(options: ScoreOptions): Promise<Outcome> {
  if (!SCORERS.includes(options.scorer))
    throw new UsageError(`invalid --scorer ${options.scorer}: expected one of ${SCORERS.join(", ")}`);
  const tolerance = toleranceOf(options);
  const bootstrap = bootstrapOf(options);
  if (options.report !== undefined) await checkOutputFile(resolve(options.report));
  const pairsWith = await pairsReader(options, tolerance);
  const whole: AnyPairs = await pairsWith(options.hyp, "--hyp");
  const isWanted = await scoredRecordings(whole, options);
  const first = onlyPairs(whole, isWanted);
  const second =
    options.compare === undefined ? undefined : onlyPairs(await pairsWith(options.compare, "--compare"), isWanted);
  const { pairs, missing } = first;
  const refused = unique([...first.refused, ...(second?.refused ?? [])]);
  const notes = unique([...first.notes, ...(second?.notes ?? [])]);
  tellLines(
    refused.map((each) => `not scored: ${each.id} (${each.code}): ${locationOfFinding(each)}: ${each.message}`),
  );
  tellLines(notes.map((each) => `${locationOfFinding(each)}: ${each.code}: ${each.message}`));
  refuseNothing(first, options.ref.join(", "));
  tellSilent(first);
  const isScored = options.hyp !== undefined;
  const latency = { lookAheadSeconds: options.lookAhead };
  const report: ScoreReport = {
    recordings: pairs.length,
    optimism: optimismOf(options.split ?? splitOfFolders(options.ref) ?? "") ?? null,
    missing,
    refused,
    notes,
    ...measuresOf(pairs, options, tolerance),
    ...(whole.recordings
      ? { experts: expertReport(whole, new Set(pairs.map(({ id }) => id)), options, bootstrap.level) }
      : {}),
    ...(options.intervals && isScored ? { intervals: scoreIntervals(pairs, bootstrap) } : {}),
    ...(options.breakdown && isScored
      ? { breakdown: scoreBreakdown(pairs), latency: onsetLatency(pairs, latency) }
      : {}),
    ...(second ? { comparison: compared(first, second, bootstrap) } : {}),
  };
  if (options.report !== undefined) {
    const { ref, hyp = "none", scorer } = options;
    await writeScorePage(
      options.report,
      report,
      pairs,
      { reference: ref.join(", "), hypothesis: hyp, scorer },
      latency,
    );
  }
  const isKnown = refused.every(({ code }) => isAccepted(code, options.accept));
  return { json: scoresJson(report), text: scoreText(printableAll(report)), exitCode: isKnown ? 0 : 1 };
}

type AnyPairs = ScorePairs & Partial<Pick<ExpertPairs, "recordings" | "notByAll">>;

/** Reads detections against one reference, or against the consensus of several experts. */
async function pairsReader({ ref, hyp, compare }: ScoreOptions, tolerance: number) {
  if (hyp === undefined && (ref.length === 1 || compare !== undefined))
    throw new UsageError(
      "--hyp is missing: give the folder of detections, or two or more --ref alone to compare experts",
    );
  const trees = await readExpertTrees(ref);
  const [only] = trees;
  return async (folder: string | undefined, flag: string): Promise<AnyPairs> => {
    const hypotheses = folder === undefined ? new Map() : await readScoreTree(folder, flag);
    return trees.length === 1 && only
      ? pairTrees(only, hypotheses, tolerance, flag)
      : pairExperts(trees, hypotheses, tolerance);
  };
}

function expertReport(
  { recordings = [], notByAll = [] }: AnyPairs,
  ids: ReadonlySet<string>,
  { ref, margin }: ScoreOptions,
  level: number,
) {
  return {
    ...compareExperts(
      recordings.filter(({ id }) => ids.has(id)),
      expertNames(ref),
      { margin, level },
    ),
    notByAll,
  };
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
