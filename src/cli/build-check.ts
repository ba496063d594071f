/** What is asked of a corpus before the hours of a build: its splits, the channels of its recordings, its labels. */
import { ConfigError } from "@ictal/base/errors";
import { notify, printable } from "@ictal/base/printable";
import { shardOf } from "../cache/build.js";
import {
  lackingInWords,
  type RecordingSurvey,
  type SurveyOptions,
  someIds,
  surveyRecordings,
} from "../cache/recording-survey.js";
import { layoutFromConfig } from "../config/layer-options.js";
import type { Config } from "../config/schema.js";
import { splitFromConfig } from "../config/split-choice.js";
import { type Catalogue, readCatalogue } from "../corpus/catalogue.js";
import type { RecordingLabels } from "../corpus/labels.js";
import { PARTICIPANTS_CODE } from "../corpus/participants.js";
import type { PatientRecording } from "../dataset/patients.js";
import { checkSplitChoice } from "../dataset/split.js";
import { type Finding, invalidatesLabels, locationOfFinding } from "../recording/finding.js";
import { isAccepted } from "./accept-option.js";
import type { Shard } from "./data-options.js";
import { type SplitCheck, splitCheck } from "./split-check.js";

/** The code of recordings without the channels. */
const LACKING = "missing-electrodes";

/** The code of patients in several splits. */
const OVERLAP = "patient-overlap";

interface CheckOptions extends Omit<SurveyOptions, "recordings"> {
  readonly shard?: Shard | undefined;
  readonly limit?: number | undefined;
  readonly accept?: readonly string[] | undefined;
  /** What the cache is for. @default a cache for any use */
  readonly check?: SplitCheck | undefined;
}

/** Throws a ConfigError for what makes a patient's split a guess: rows of participants.tsv and folders that do not fit, a patient in two splits. */
function refuseContradiction({ findings }: Catalogue, code: string): void {
  const found = findings.filter((finding) => finding.code === code && finding.severity === "error");
  const [first] = found;
  if (!first) return;
  const more = found.length > 1 ? ` (and ${found.length - 1} more; see ictal corpus check)` : "";
  throw new ConfigError(printable(`${first.file}: ${first.message}${more}; ${first.action}`), {
    key: "data.data_dir",
    value: first.file,
    allowed: "a split for every patient, or for none",
  });
}

/** Says in one line each what is in doubt and not refused. */
function reportDoubts(findings: readonly Finding[], effect = ""): void {
  for (const { file, message, action } of findings)
    notify(printable(`ictal: ${[`${file}: ${message}`, ...(effect ? [effect] : []), action].join("; ")}`));
}

/** The recordings of a configuration's corpus, whose splits fit what is asked for. */
async function catalogueOf(config: Config, { store, limit, check, signal }: CheckOptions): Promise<Catalogue> {
  const catalogue = await readCatalogue(store, { layout: layoutFromConfig(config), limit, signal });
  const choice = splitFromConfig(config);
  const { findings: found } = catalogue;
  reportDoubts(found.filter(({ code, severity }) => code === PARTICIPANTS_CODE && severity !== "error"));
  if (choice.by !== "file") refuseContradiction(catalogue, PARTICIPANTS_CODE);
  if (isForTraining(check)) refuseContradiction(catalogue, OVERLAP);
  else
    reportDoubts(
      found.filter(({ code }) => code === OVERLAP),
      "no manifest will be written, so nothing can be trained",
    );
  await checkSplitChoice(catalogue.recordings, choice, { isPart: catalogue.limit !== undefined, signal });
  return catalogue;
}

const isForTraining = (check: SplitCheck | undefined) => check !== undefined && check.use.verb !== "cache";

/**
 * Says before the work which recordings lack channels. Throws a ConfigError when none has them, unless that is accepted: another
 * choice of channels is wanted then; for training also when some lack them.
 */
function tellMissingChannels(
  survey: RecordingSurvey,
  config: Config,
  { chain, accept, shard, check }: CheckOptions,
): void {
  const text = lackingInWords(survey);
  if (text === undefined) return;
  const isNone = survey.lacking.length === survey.recordings && shard === undefined;
  if (isAccepted(LACKING, accept) || !(isNone || isForTraining(check))) {
    notify(printable(`ictal: ${text}; they will be excluded`));
    return;
  }
  const key = chain.channels ? "data.channels" : "preprocessing.reference";
  const advice = isNone ? "" : `; to work without these recordings: --accept ${LACKING}`;
  throw new ConfigError(`${text}${advice}`, {
    key,
    value: chain.channels ?? config.preprocessing.reference,
    allowed: "channels that the recordings have",
  });
}

/** Throws a ConfigError for errors in annotations that nobody accepted: training on what may hide or invent a seizure would end after the build. */
function refuseDoubtfulLabels({ labels, recordings }: RecordingSurvey, { accept, check }: CheckOptions): void {
  if (!isForTraining(check)) return;
  const doubtful = [...labels.values()].flatMap(({ id, findings }) => {
    const found = findings.filter((finding) => invalidatesLabels(finding) && !isAccepted(finding.code, accept));
    return found.length > 0 ? [{ id, found }] : [];
  });
  const [first] = doubtful;
  const [finding] = first?.found ?? [];
  if (!finding) return;
  const codes = [...new Set(doubtful.flatMap(({ found }) => found.map(({ code }) => code)))].sort().join(",");
  const shown = someIds(doubtful.map(({ id }) => id));
  throw new ConfigError(
    printable(
      `the labels of ${doubtful.length} of ${recordings} recordings are unknown (${shown}): ${locationOfFinding(finding)}: ${finding.message}; correct the annotations, or work without these labels: --accept ${codes}`,
    ),
    { key: "--accept", value: accept, allowed: codes },
  );
}

/** The recordings that have the channels, with their labels, as far as splits are concerned. */
function labelled(catalogue: Catalogue, { labels }: RecordingSurvey): PatientRecording[] {
  return catalogue.recordings.flatMap(({ id, patient, split }) => {
    const own = labels.get(id);
    return own ? [{ patient, split, seizures: own.seizures }] : [];
  });
}

/**
 * The recordings to build and their labels, where splits, channels and labels allow what the cache is for. What is wrong is a ConfigError or,
 * where a cache can still be of use, a sentence on stderr. The splits of a part, and of a corpus of which files cannot be read, are left to the build.
 */
export async function checkBeforeBuild(
  config: Config,
  options: CheckOptions,
): Promise<{ readonly catalogue: Catalogue; readonly labels: ReadonlyMap<string, RecordingLabels> }> {
  const { shard, check = splitCheck(config, { verb: "cache" }), signal } = options;
  const catalogue = await catalogueOf(config, options);
  const survey = await surveyRecordings({ ...options, recordings: shardOf(catalogue.recordings, shard) });
  tellMissingChannels(survey, config, options);
  refuseDoubtfulLabels(survey, options);
  const isPart = catalogue.limit !== undefined || survey.lacking.length > 0;
  if (shard === undefined && survey.unread === 0) await check.ask(labelled(catalogue, survey), { isPart, signal });
  return { catalogue, labels: survey.labels };
}
