/** Where seizures begin and how far they spread, by the per-channel rows of the annotations. */
import type { Data } from "plotly.js";
import type { Interval } from "../base/events.js";
import { quantileOf } from "../base/quantile.js";
import { electrodePosition, isScalpElectrode } from "../signal/electrodes.js";
import { channelOf } from "../signal/montages.js";
import { axis, type Caption, type Figure, makeFigure } from "./figure.js";
import type { LabelledRow } from "./seizure-labels.js";
import { topography } from "./time-frequency.js";

/** A recording with the seizure rows of its channels. */
export interface ChannelRow extends Pick<LabelledRow, "id" | "seizures"> {
  readonly perChannel?:
    | {
        readonly channels: readonly string[];
        readonly seizures: readonly (Interval & { readonly channel: string })[];
      }
    | undefined;
}

/** The channels of one seizure, with the time from the first of them to each, in seconds. */
export interface SeizureSpread {
  readonly type: string;
  readonly delays: ReadonlyMap<string, number>;
  /** Channels that the file names. */
  readonly channelCount: number;
}

/** Channels that begin this soon after the first, in seconds, belong to the onset. */
const ONSET_SECONDS = 1;
/** An onset in a larger share of the channels has no place. */
const LOCAL_SHARE = 0.5;

/** The spread of each seizure whose channels are known. */
export function seizureSpreads(rows: readonly ChannelRow[]): SeizureSpread[] {
  return rows.flatMap(({ seizures, perChannel }) =>
    perChannel === undefined
      ? []
      : seizures.flatMap((seizure) => {
          const starts = new Map<string, number>();
          for (const { channel, startSeconds, endSeconds } of perChannel.seizures) {
            if (startSeconds >= seizure.endSeconds || endSeconds <= seizure.startSeconds) continue;
            starts.set(channel, Math.min(startSeconds, starts.get(channel) ?? Number.POSITIVE_INFINITY));
          }
          if (starts.size === 0) return [];
          const first = Math.min(...starts.values());
          const delays = new Map([...starts].map(([channel, start]) => [channel, start - first]));
          return [{ type: seizure.label, delays, channelCount: perChannel.channels.length }];
        }),
  );
}

function onsetChannels({ delays }: SeizureSpread): string[] {
  return [...delays].filter(([, delay]) => delay <= ONSET_SECONDS).map(([channel]) => channel);
}

/** Electrodes of channels such as "FP1-F7" that have a place on the scalp. */
function electrodesOf(channels: readonly string[]): Set<Parameters<typeof electrodePosition>[0]> {
  const names = channels.flatMap((channel) => {
    const { plus, minus } = channelOf(channel);
    return minus === undefined ? [plus] : [plus, minus];
  });
  return new Set(names.filter(isScalpElectrode));
}

/**
 * Share of the seizures with a local onset that begin at each electrode: the electrodes of the channels that begin within a second
 * of the first. Onsets in more than half of the channels have no place and are counted in the title alone.
 */
export function onsetMap(rows: readonly ChannelRow[], caption: Caption = {}): Figure {
  const spreads = seizureSpreads(rows);
  const local = spreads.filter((spread) => onsetChannels(spread).length <= LOCAL_SHARE * spread.channelCount);
  const counts = new Map<Parameters<typeof electrodePosition>[0], number>();
  for (const { channels } of rows.flatMap(({ perChannel }) => perChannel ?? []))
    for (const electrode of electrodesOf(channels)) counts.set(electrode, 0);
  for (const spread of local)
    for (const electrode of electrodesOf(onsetChannels(spread)))
      counts.set(electrode, (counts.get(electrode) ?? 0) + 1);
  const [most] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const values = [...counts].map(([electrode, count]) => ({
    electrode,
    position: electrodePosition(electrode),
    value: local.length > 0 ? Math.round((1000 * count) / local.length) / 10 : 0,
  }));
  const title =
    spreads.length === 0 || most === undefined
      ? "No seizure has rows of channels: where seizures begin is not known"
      : local.length === 0
        ? `All ${spreads.length} seizures begin in more than half of the channels`
        : `${local.length} of ${spreads.length} seizures begin locally, most often at ${most[0]} (${most[1]})`;
  return topography(values, { title, unit: "% of local onsets" }, caption);
}

function spreadFinding(types: readonly string[], reached: ReadonlyMap<string, readonly number[]>): string {
  if (types.length === 0) return "No seizure has rows of channels: how seizures spread is not known";
  const medians = types.map((type) => ({ type, share: quantileOf(reached.get(type) ?? [], 0.5) }));
  medians.sort((a, b) => a.share - b.share);
  const [least, most] = [medians[0]!, medians.at(-1)!];
  const text = ({ type, share }: { type: string; share: number }) => `${type} reaches ${Math.round(100 * share)} %`;
  if (least.share === most.share)
    return `Each type reaches ${Math.round(100 * least.share)} % of the channels in the median`;
  return `${text(least)} of the channels in the median, ${text(most)}`;
}

/**
 * Channels (in the order of the files) against seizure types: the colour is the share of the type's seizures that reach the
 * channel, the number the median delay in seconds after the first channel.
 */
export function channelSpread(rows: readonly ChannelRow[], caption: Caption = {}): Figure {
  const spreads = seizureSpreads(rows);
  const channels = [...new Set(rows.flatMap(({ perChannel }) => perChannel?.channels ?? []))];
  const types = [...new Set(spreads.map(({ type }) => type))].sort();
  const byType = types.map((type) => spreads.filter((spread) => spread.type === type));
  const delaysOf = (own: readonly SeizureSpread[], channel: string) =>
    own.flatMap(({ delays }) => delays.get(channel) ?? []);
  const cells = channels.map((channel) => byType.map((own) => ({ own, delays: delaysOf(own, channel) })));
  const reached = new Map(
    types.map((type, i) => [type, byType[i]!.map(({ delays, channelCount }) => delays.size / channelCount)]),
  );
  const data = [
    {
      type: "heatmap",
      x: types.map((type, i) => `${type}<br>n = ${byType[i]!.length}`),
      y: channels,
      z: cells.map((row) => row.map(({ own, delays }) => Math.round((1000 * delays.length) / own.length) / 1000)),
      text: cells.map((row) =>
        row.map(({ delays }) => (delays.length > 0 ? `${quantileOf(delays, 0.5).toFixed(1)} s` : "never")),
      ),
      texttemplate: "%{text}",
      zmin: 0,
      zmax: 1,
      colorscale: "Cividis",
      colorbar: { title: { text: "share of seizures that reach it", side: "right" }, thickness: 12, tickformat: ".0%" },
      xgap: 2,
      ygap: 1,
      hovertemplate: "%{y}, %{x}: reached by %{z:.0%}, median delay %{text}<extra></extra>",
    } as unknown as Data, // @types/plotly.js has no text matrix for heat maps
  ];
  const layout = {
    height: 190 + 22 * Math.max(4, channels.length),
    showlegend: false,
    xaxis: axis("", { type: "category", showgrid: false }),
    yaxis: axis("", { type: "category", autorange: "reversed", showgrid: false, tickfont: { size: 10 } }),
  };
  return makeFigure(spreadFinding(types, reached), data, layout, caption);
}
