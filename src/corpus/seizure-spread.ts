/** Where seizures begin and how far they spread, by the per-channel rows of the annotations. */
import type { Event } from "../base/events.js";
import { electrodePosition, isScalpElectrode } from "../signal/electrodes.js";
import { channelOf } from "../signal/montages.js";
import type { ChannelLabels } from "./labels.js";

/** The channels of one seizure. */
export interface SeizureSpread {
  readonly type: string;
  /** Seconds from the first channel that the seizure reaches to each, by channel. */
  readonly delays: ReadonlyMap<string, number>;
  /** Channels that the file names. */
  readonly channelCount: number;
}

/** An electrode and the local onsets at it. */
export interface ElectrodeOnsets {
  readonly electrode: string;
  /** Unit vector: right ear +x, nose +y, vertex +z. */
  readonly position: readonly [number, number, number];
  readonly onsets: number;
}

/** The spread of the seizures of a corpus whose channels are known. */
export interface SeizureSpreads {
  readonly seizures: readonly SeizureSpread[];
  /** All channels that the files name, in their order. */
  readonly channels: readonly string[];
  /** Seizures that begin in at most half of the channels. */
  readonly localCount: number;
  /** Electrodes of the channels, by the channels that begin within a second of the first, of local onsets. */
  readonly electrodes: readonly ElectrodeOnsets[];
}

/** A recording with the seizure rows of its channels. */
interface ChannelRow {
  readonly seizures: readonly Event[];
  readonly perChannel?: ChannelLabels | undefined;
}

/** Channels that begin this soon after the first, in seconds, belong to the onset. */
const ONSET_SECONDS = 1;
/** An onset in a larger share of the channels has no place. */
const LOCAL_SHARE = 0.5;

type Electrode = Parameters<typeof electrodePosition>[0];

/**
 * The spread of each seizure whose channels are known, and the electrodes at which those with a local onset begin. Rows are those of
 * `checkCorpusAnnotations`.
 */
export function seizureSpreads(rows: readonly ChannelRow[]): SeizureSpreads {
  const seizures = rows.flatMap(spreadsOf);
  const local = seizures.filter((spread) => onsetChannels(spread).length <= LOCAL_SHARE * spread.channelCount);
  const channels = [...new Set(rows.flatMap(({ perChannel }) => perChannel?.channels ?? []))];
  const counts = new Map<Electrode, number>([...electrodesOf(channels)].map((electrode) => [electrode, 0]));
  for (const spread of local)
    for (const electrode of electrodesOf(onsetChannels(spread)))
      counts.set(electrode, (counts.get(electrode) ?? 0) + 1);
  const electrodes = [...counts].map(([electrode, onsets]) => ({
    ...{ electrode, onsets },
    position: electrodePosition(electrode),
  }));
  return { seizures, channels, localCount: local.length, electrodes };
}

function spreadsOf({ seizures, perChannel }: ChannelRow): SeizureSpread[] {
  if (perChannel === undefined) return [];
  return seizures.flatMap((seizure) => {
    const starts = new Map<string, number>();
    for (const { channel, startSeconds, endSeconds } of perChannel.seizures) {
      if (startSeconds >= seizure.endSeconds || endSeconds <= seizure.startSeconds) continue;
      starts.set(channel, Math.min(startSeconds, starts.get(channel) ?? Number.POSITIVE_INFINITY));
    }
    if (starts.size === 0) return [];
    const first = Math.min(...starts.values());
    const delays = new Map([...starts].map(([channel, start]) => [channel, start - first]));
    return [{ type: seizure.label, delays, channelCount: perChannel.channels.length }];
  });
}

function onsetChannels({ delays }: SeizureSpread): string[] {
  return [...delays].filter(([, delay]) => delay <= ONSET_SECONDS).map(([channel]) => channel);
}

/** Electrodes of channels such as "FP1-F7" that have a place on the scalp. */
function electrodesOf(channels: readonly string[]): Set<Electrode> {
  const names = channels.flatMap((channel) => {
    const { plus, minus } = channelOf(channel);
    return minus === undefined ? [plus] : [plus, minus];
  });
  return new Set(names.filter(isScalpElectrode));
}
