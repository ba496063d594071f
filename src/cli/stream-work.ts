/** The work of `ictal stream`. */
import { once } from "node:events";
import { resolve } from "node:path";
import { type Outcome, UsageError } from "@ictal/base/action";
import { UnsupportedError } from "@ictal/base/errors";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify, printableJson } from "@ictal/base/printable";
import type { LookAheadPart } from "../base/look-ahead.js";
import { describeCache } from "../cache/describe.js";
import {
  chainFromConfig,
  deviceFromConfig,
  postprocessFromConfig,
  predictionStrideFromConfig,
  stitchingFromConfig,
} from "../config/layer-options.js";
import { type LookAhead, lookAheadOf, lookAheadText } from "../config/look-ahead.js";
import type { Config } from "../config/schema.js";
import { CAUSAL_CHAIN, type ChainOptions } from "../signal/chain-options.js";
import { openExecutor } from "../tensor/open.js";
import { type LoadedWeights, loadWeights } from "../training/load-weights.js";
import { checkOrigin } from "../training/predict-recordings.js";
import { configOf } from "./data-options.js";
import { asStreamError, openStreamInput, type Speed, type StreamInput } from "./stream-input.js";
import { serveFile } from "./stream-send.js";
import { StreamSession } from "./stream-session.js";

export interface StreamFlags {
  readonly checkpoint?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly speed?: Speed;
  readonly probability?: boolean;
  readonly allowLookAhead?: boolean;
  readonly allowOtherCache?: boolean;
  readonly serve?: string;
}

/** Parts that look ahead by a window or the whole recording, in words. */
const inWords = (parts: readonly LookAheadPart[]) =>
  parts
    .filter(({ part, seconds }) => !Number.isFinite(seconds) || part === "window" || part === "network")
    .map(({ part, seconds, reason }) =>
      Number.isFinite(seconds) ? `${part} ${reason}, ${seconds.toFixed(2)} s` : `${part} ${reason}`,
    )
    .join("; ");

/** The chain of a stream: the configuration's, or with running normalisation where a look-ahead is allowed. */
function streamChain(config: Config, lookAhead: LookAhead, isAllowed: boolean): ChainOptions {
  const chain = chainFromConfig(config);
  if (lookAhead.isCausal) return chain;
  const { probability, waitSeconds } = lookAhead;
  const what = inWords(probability);
  if (!isAllowed)
    throw new UnsupportedError(
      `this checkpoint looks ahead: ${what}; train with experiment.causal true (configs/causal_synthetic.yaml), or give --allow-look-ahead to run it ${waitSeconds.toFixed(1)} s late`,
    );
  const { memorySeconds } = CAUSAL_CHAIN;
  const unbounded = probability.filter(({ part, seconds }) => !Number.isFinite(seconds) && part !== "normalisation");
  if (unbounded.length > 0)
    throw new UnsupportedError(
      `this checkpoint cannot run on a stream: ${inWords(unbounded)}; train with preprocessing.phase causal and preset default`,
    );
  notify(
    `ictal: alarms come ${waitSeconds.toFixed(1)} s late (${what}); normalised by the past ${memorySeconds} s, which this checkpoint was not trained with`,
  );
  return chain.normalize ? { ...chain, memorySeconds } : chain;
}

async function printLine(line: object): Promise<void> {
  if (!process.stdout.write(`${printableJson(JSON.stringify(line))}\n`) && process.stdout.writable)
    await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]);
}

function beginLine(input: StreamInput, weights: LoadedWeights, lookAhead: LookAhead, about: object) {
  const { name, electrodes, missing, sampleRateHz, startDateTime } = input;
  const { isCausal, probability, alarm, probabilitySeconds, waitSeconds } = lookAhead;
  const parts = [...probability, ...alarm].map(({ part, seconds }) => ({ part, seconds }));
  return {
    type: "begin",
    input: name,
    ...(startDateTime !== undefined && { startDateTime }),
    electrodes,
    filled: missing,
    sampleRateHz,
    checkpoint: weights.hash,
    ...about,
    lookAhead: { isCausal, probabilitySeconds, alarmSeconds: waitSeconds, parts }, // null: the whole recording
  };
}

/** Print the lines of a stream until it ends, breaks off, or is interrupted; what is open is closed in any case. */
async function follow(session: StreamSession, input: StreamInput, signal: AbortSignal): Promise<Outcome> {
  let fault: unknown;
  try {
    for await (const block of input.blocks()) {
      signal.throwIfAborted();
      if (!process.stdout.writable) break; // nobody reads on
      for await (const lines of session.push(block)) for (const line of lines) await printLine(line);
    }
  } catch (error) {
    fault = asStreamError(error, input.name, session.endSeconds);
  }
  const isInterrupted = signal.aborted;
  for await (const lines of session.finish()) for (const line of lines) await printLine(line);
  const end = isInterrupted ? "interrupted" : fault === undefined ? "complete" : "broken off";
  const summary = session.summary();
  await printLine({ type: "finish", end, ...summary });
  if (fault !== undefined && !isInterrupted) throw fault;
  return { json: summary };
}

async function detectStream(source: string, config: Config, flags: StreamFlags, signal: AbortSignal): Promise<Outcome> {
  const { checkpoint, speed, allowLookAhead = false, allowOtherCache = false } = flags;
  if (checkpoint === undefined)
    throw new UsageError("give --checkpoint PATH, a run or a .safetensors file, or --serve ADDRESS to send the file");
  const weights = await loadWeights(checkpoint, { signal });
  const { detector, origin, values } = weights;
  checkOrigin(origin, describeCache(chainFromConfig(config), config.data.sample_type), allowOtherCache);
  const chain = streamChain(config, lookAheadOf(config, detector), allowLookAhead);
  const input = await openStreamInput(source, chain, { speed, signal });
  const executor = await openExecutor(deviceFromConfig(config));
  let session: StreamSession | undefined;
  try {
    const { electrodes, sampleRateHz } = input;
    const lookAhead = lookAheadOf(config, detector, { recordedRateHz: sampleRateHz });
    const strideSeconds = predictionStrideFromConfig(config);
    session = await StreamSession.open({
      ...{ chain, detector, values, executor, electrodes, sampleRateHz, strideSeconds },
      sampleType: config.data.sample_type,
      windowSamples: origin.windowSamples,
      stitching: stitchingFromConfig(config),
      postprocess: postprocessFromConfig(config),
      withProbability: flags.probability ?? false,
    });
    const about = { executor: executor.name, decisionSeconds: strideSeconds, valuesPerSecond: session.rateHz };
    await printLine(beginLine(input, weights, lookAhead, about));
    if (lookAhead.isCausal) notify(`ictal: look-ahead: ${lookAheadText(lookAhead)}`);
    return await follow(session, input, signal);
  } finally {
    await session?.dispose();
    await executor.dispose();
    await input.close();
  }
}

/** Detect in a stream, or send a file as one. */
export async function streamSource(source: string, flags: StreamFlags): Promise<Outcome> {
  const { config } = await configOf(flags, []);
  const isFile = source !== "-" && !source.startsWith("tcp:");
  const place = isFile ? resolve(source) : source;
  return withInterrupt("the stream was ended", async (signal) => {
    if (flags.serve === undefined) return detectStream(place, config, flags, signal);
    if (!isFile) throw new UsageError(`--serve sends a file; ${source} is a stream already`);
    const speed = flags.speed ?? 1;
    const frames = await serveFile(place, flags.serve, { chain: chainFromConfig(config), speed, signal });
    notify(`ictal: sent ${frames} frames`);
    return { json: { frames } };
  });
}
