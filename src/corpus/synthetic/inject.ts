import { join } from "node:path";
import { hashOf } from "@ictal/base/canonical";
import { NotFoundError } from "@ictal/base/errors";
import { requireNumber } from "@ictal/base/options";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { createRandom, type Random } from "../../base/random.js";
import type { EdfHeader } from "../../recording/edf-header.js";
import type { Store } from "../../store/store.js";
import type { Catalogue } from "../catalogue.js";
import { entrySource } from "../entry-source.js";
import { type Inspected, inspectRecordings } from "../inspect.js";
import { createDraws } from "./draws.js";
import { DYNAMOTYPE_NAMES, drawDynamotype, renderDynamotype } from "./dynamotypes.js";
import { positionOf } from "./head.js";
import { type InjectChannel, injectChannels, recordedBy } from "./inject-channels.js";
import { copyPatched, writeLabels } from "./inject-files.js";
import { claimFolder, type InjectedSeizure, type InjectReport, levelFolder, writeInjected } from "./inject-folder.js";
import { addedTo, backgroundOf, type RecordSpan, readSpan } from "./inject-records.js";
import { bandPower, type SeizureGain, seizureGain } from "./snr.js";

export interface InjectOptions {
  /** Levels in decibels (`seizureGain`); each becomes a folder `snr_LEVEL`. */
  readonly snrDb: readonly number[];
  /** @default 42 */
  readonly seed?: number | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Shortest recording that takes a seizure, and the largest share of it that the seizure fills. */
const SHORTEST_SECONDS = 20;
const LARGEST_SHARE = 0.5;
/** A channel with less than this share of the median channel's power is flat. */
const FLAT_SHARE = 0.01;
const FOCI = ["F3", "F4", "T3", "T4", "T5", "T6", "C3", "C4", "P3", "P4", "F7", "F8"];

/**
 * Inject one generated seizure into each seizure-free recording of a corpus, once for every level: the same seizure at the
 * same time, only louder. A level's folder holds copies of the recordings, in which nothing but the samples under the
 * seizure is changed, at their own paths, and an annotation file beside each; `injected.json` lists the seizures.
 * Recordings with seizures, without annotation, with gaps, errors or fewer than four known electrodes are skipped and
 * listed. ConfigError when `outDir` holds anything else; NotFoundError when no recording can be used.
 */
export async function injectSeizures(
  store: Store,
  catalogue: Catalogue,
  outDir: string,
  options: InjectOptions,
): Promise<InjectReport> {
  const { snrDb, seed = 42, progress = silentProgress, signal } = options;
  requireNumber("seed", seed, { isWhole: true });
  if (snrDb.length === 0 || new Set(snrDb).size < snrDb.length || !snrDb.every((level) => Math.abs(level) <= 60)) {
    throw new RangeError(`invalid snrDb: ${snrDb.join(", ")}; one or more different numbers from -60 to 60`);
  }
  const optionsHash = hashOf({ version: 1, seed, snrDb, corpus: catalogue.fingerprint });
  await claimFolder(outDir, optionsHash, snrDb);
  const report: InjectReport = { optionsHash, isComplete: false, seed, snrDb: [...snrDb], seizures: [], skipped: [] };
  await writeInjected(outDir, report);
  const inspected = await inspectRecordings(store, catalogue, { ...(signal ? { signal } : {}) });
  for (const [index, recording] of inspected.entries()) {
    signal?.throwIfAborted();
    const { id } = recording.entry;
    progress.update({ label: "inject", done: index, total: inspected.length, unit: "recordings", note: id });
    const reason = refusalOf(recording);
    const random = createRandom(seed, `injected seizure/${id}`);
    const made = reason ?? (await injectOne(store, recording, outDir, snrDb, random, signal));
    if (typeof made === "string") report.skipped.push({ id, reason: made });
    else report.seizures.push(made);
  }
  progress.finish();
  if (report.seizures.length === 0) {
    const [first] = report.skipped;
    throw new NotFoundError(
      `none of the ${inspected.length} recordings of ${catalogue.url} can take a seizure; the first, ${first?.id}: ${first?.reason}. Give a corpus with annotated recordings that have no seizures`,
      catalogue.url,
    );
  }
  const complete = { ...report, isComplete: true };
  await writeInjected(outDir, complete);
  return complete;
}

/** Why a recording is not used, or undefined. */
function refusalOf({ header, labels }: Inspected): string | undefined {
  const error = labels.findings.find(({ severity, code }) => severity === "error" || code === "recording-gaps");
  if (!header || error) return error?.message ?? "it cannot be read";
  if (labels.status !== "labelled") return "it has no certain annotation, so that it may hold seizures";
  if (labels.seizures.length > 0) return `it has ${labels.seizures.length} seizures of its own`;
  if (!(header.durationSeconds >= SHORTEST_SECONDS)) return `it is shorter than ${SHORTEST_SECONDS} s`;
  const channels = injectChannels(header);
  const rate = channels[0]?.signal.sampleRateHz ?? 0;
  if (channels.length < 4) return `it has ${channels.length} channels of known electrodes, 4 are needed`;
  return rate >= 64 ? undefined : `its sample rate is ${rate} Hz, at least 64 Hz are needed`;
}

/** A seizure, the channels that take it and the records that it falls into. */
interface Injection {
  readonly channels: readonly InjectChannel[];
  readonly alone: readonly Float32Array[];
  readonly background: readonly Float32Array[];
  readonly span: RecordSpan;
  readonly rateHz: number;
}

async function injectOne(
  store: Store,
  { entry, header }: Inspected,
  outDir: string,
  snrDb: readonly number[],
  random: Random,
  signal: AbortSignal | undefined,
): Promise<InjectedSeizure | string> {
  if (!header) return "it cannot be read";
  const all = injectChannels(header);
  const rateHz = all[0]!.signal.sampleRateHz;
  const draws = createDraws(random);
  const longestSeconds = LARGEST_SHARE * header.durationSeconds;
  const focus = positionOf(draws.pick(FOCI));
  const path = drawDynamotype(draws.pick(DYNAMOTYPE_NAMES), { focus, hiddenShare: 0.3, longestSeconds }, draws);
  const startSample = Math.round(draws.between(2, header.durationSeconds - path.lengthSeconds - 1) * rateHz);
  const scalp = renderDynamotype(path, rateHz, random.stream("seizure"));
  const source = entrySource(store, entry, signal);
  const span = await readSpan(source, header, all[0]!, startSample, scalp.sampleCount);
  const under = backgroundOf(span, header, all, scalp.sampleCount);
  const active = activeChannels(under, rateHz);
  const channels = active.map((index) => all[index]!);
  const alone = recordedBy(channels, scalp);
  const injection = { channels, alone, background: active.map((index) => under[index]!), span, rateHz };
  const interval = { startSeconds: startSample / rateHz, endSeconds: (startSample + scalp.sampleCount) / rateHz };
  const written: Record<string, number> = {};
  const clipped: Record<string, number> = {};
  let found: SeizureGain | undefined;
  for (const level of snrDb) {
    found = seizureGain(alone, injection.background, rateHz, level);
    if (!found) return "its channels are flat where the seizure would be";
    const added = addedTo(span, header, channels, alone, found.gain);
    written[String(level)] = writtenSnrDb(added.bytes, header, injection, found);
    clipped[String(level)] = added.clipped;
    const target = join(outDir, levelFolder(level), entry.edfKey);
    await copyPatched(source, target, { offset: span.byteOffset, bytes: added.bytes }, signal);
    await writeLabels(target, header.durationSeconds, { ...interval, label: path.type, confidence: 1 });
  }
  return {
    ...{ path: entry.edfKey, patient: entry.patient, ...interval, written, clipped },
    ...{ type: path.type, onset: path.onset, offset: path.offset },
    channel: channels[found!.channel]!.signal.label,
    backgroundMicrovolts: Math.round(Math.sqrt(found!.backgroundPower) * 1000) / 1000,
  };
}

/** Indices of the channels that record anything: a reference electrode is flat, and a seizure is not seen in it either. */
function activeChannels(background: readonly Float32Array[], rateHz: number): number[] {
  const powers = background.map((samples) => bandPower(samples, rateHz));
  const median = [...powers].sort((a, b) => a - b)[powers.length >> 1]!;
  return powers.flatMap((power, index) => (power > FLAT_SHARE * median ? [index] : []));
}

/** The ratio of what the records hold in the channel that defines it, decibels with three decimals. */
function writtenSnrDb(bytes: Uint8Array, header: EdfHeader, injection: Injection, found: SeizureGain): number {
  const { channels, background, span, rateHz } = injection;
  const before = background[found.channel]!;
  const [after] = backgroundOf({ ...span, bytes }, header, [channels[found.channel]!], before.length);
  const seizure = after!.map((value, i) => value - before[i]!);
  const ratio = bandPower(seizure, rateHz) / found.backgroundPower;
  return Math.round(10_000 * Math.log10(ratio)) / 1000;
}
