/** Where seizures begin and how far they spread. */
import type { Data } from "plotly.js";
import { quantileOf } from "../base/quantile.js";
import type { SeizureSpread, SeizureSpreads } from "../corpus/seizure-spread.js";
import { axis, type Caption, type Figure, makeFigure } from "./figure.js";
import { topography } from "./time-frequency.js";

/**
 * Share of the seizures with a local onset that begin at each electrode: the electrodes of the channels that begin within a second
 * of the first. Onsets in more than half of the channels have no place and are counted in the title alone.
 */
export function onsetMap(spreads: SeizureSpreads, caption: Caption = {}): Figure {
  const { seizures, localCount, electrodes } = spreads;
  const [most] = [...electrodes].sort((a, b) => b.onsets - a.onsets || (a.electrode < b.electrode ? -1 : 1));
  const values = electrodes.map(({ electrode, position, onsets }) => ({
    ...{ electrode, position },
    value: localCount > 0 ? Math.round((1000 * onsets) / localCount) / 10 : 0,
  }));
  const title =
    seizures.length === 0 || most === undefined
      ? "No seizure has rows of channels: where seizures begin is not known"
      : localCount === 0
        ? `All ${seizures.length} seizures begin in more than half of the channels`
        : `${localCount} of ${seizures.length} seizures begin locally, most often at ${most.electrode} (${most.onsets})`;
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
export function channelSpread({ seizures: spreads, channels }: SeizureSpreads, caption: Caption = {}): Figure {
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
