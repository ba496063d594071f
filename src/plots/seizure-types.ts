/** Seizure types by split and by patient. */
import type { Data } from "plotly.js";
import { axis, type Caption, type Figure, makeFigure } from "./figure.js";
import type { SessionRow } from "./patient-timeline.js";
import { typeColor } from "./seizure-labels.js";

/** The seizures of one type in one group of recordings. */
interface TypeCount {
  readonly seizures: number;
  readonly patients: number;
}

type TypedRow = Pick<SessionRow, "split" | "patient" | "seizures">;

const percent = (share: number) => `${Math.round(100 * share)} %`;

/** All types that occur, the most frequent first. */
function typesByCount(rows: readonly TypedRow[]): string[] {
  const counts = new Map<string, number>();
  for (const { seizures } of rows) for (const { label } of seizures) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([type]) => type);
}

function countOf(rows: readonly TypedRow[], type: string): TypeCount {
  const own = rows.map(({ seizures }) => seizures.filter(({ label }) => label === type).length);
  const patients = new Set(rows.filter((_, i) => own[i]! > 0).map(({ patient }) => patient));
  return { seizures: own.reduce((sum, count) => sum + count, 0), patients: patients.size };
}

/** What the shares of the types say: the type whose share differs most between two splits. */
function splitFinding(
  types: readonly string[],
  splits: readonly string[],
  shares: readonly (readonly number[])[],
): string {
  const [type] = types;
  if (type === undefined) return "No seizure in any split";
  if (splits.length === 1) return `${type} is the most frequent type: ${percent(shares[0]![0]!)} of the seizures`;
  const spreads = shares.map((row) => Math.max(...row) - Math.min(...row));
  const widest = spreads.indexOf(Math.max(...spreads));
  const row = shares[widest]!;
  const [most, least] = [row.indexOf(Math.max(...row)), row.indexOf(Math.min(...row))];
  if (spreads[widest] === 0) return "Each seizure type has the same share in all splits";
  const named = (split: number) => `${percent(row[split]!)} of ${splits[split]}`;
  return `${types[widest]} differs most between splits: ${named(most)}, ${named(least)}`;
}

/**
 * Seizures and patients of each type in each split; the colour is the share of the split's seizures. Splits without a seizure are
 * left out.
 */
export function seizureTypesBySplit(rows: readonly TypedRow[], caption: Caption = {}): Figure {
  const splits = [...new Set(rows.filter(({ seizures }) => seizures.length > 0).map(({ split }) => split))];
  const types = typesByCount(rows);
  const counts = types.map((type) =>
    splits.map((name) =>
      countOf(
        rows.filter(({ split }) => split === name),
        type,
      ),
    ),
  );
  const totals = splits.map((_, s) => counts.reduce((sum, row) => sum + row[s]!.seizures, 0));
  const shares = counts.map((row) => row.map(({ seizures }, s) => seizures / totals[s]!));
  const data = [
    {
      type: "heatmap",
      x: splits.map((split, s) => `${split}<br>n = ${totals[s]}`),
      y: types,
      z: shares,
      text: counts.map((row) =>
        row.map(({ seizures, patients }) =>
          seizures > 0 ? `${seizures} in ${patients} ${patients === 1 ? "patient" : "patients"}` : "none",
        ),
      ),
      texttemplate: "%{text}",
      zmin: 0,
      zmax: Math.max(...shares.flat(), 0.01),
      colorscale: "Cividis",
      colorbar: { title: { text: "share of the split's seizures", side: "right" }, thickness: 12, tickformat: ".0%" },
      xgap: 2,
      ygap: 2,
      hovertemplate: "%{y}, %{x}: %{text}, %{z:.1%}<extra></extra>",
    } as unknown as Data, // @types/plotly.js has no text matrix for heat maps
  ];
  const layout = {
    height: 190 + 34 * types.length,
    showlegend: false,
    xaxis: axis("", { type: "category", showgrid: false }),
    yaxis: axis("", { type: "category", autorange: "reversed", showgrid: false }),
  };
  return makeFigure(splitFinding(types, splits, shares), data, layout, caption);
}

const SHOWN_PATIENTS = 40;

/** Seizures of each patient by type, those with most on top, at most 40 patients; the rest in one bar. */
export function seizureTypesByPatient(rows: readonly TypedRow[], caption: Caption = {}): Figure {
  const byPatient = new Map<string, TypedRow[]>();
  for (const row of rows)
    if (row.seizures.length > 0) byPatient.set(row.patient, [...(byPatient.get(row.patient) ?? []), row]);
  const sizeOf = (own: readonly TypedRow[]) => own.reduce((sum, { seizures }) => sum + seizures.length, 0);
  const sorted = [...byPatient].sort(([a, m], [b, n]) => sizeOf(n) - sizeOf(m) || (a < b ? -1 : 1));
  const total = sizeOf(rows);
  let sum = 0;
  const half = sorted.findIndex(([, own]) => {
    sum += sizeOf(own);
    return 2 * sum >= total;
  });
  const rest = sorted.slice(SHOWN_PATIENTS);
  const bars = sorted
    .slice(0, SHOWN_PATIENTS)
    .map(([patient, own]) => ({ name: `${patient} (${own[0]!.split})`, rows: own }));
  if (rest.length > 0) bars.push({ name: `${rest.length} others`, rows: rest.flatMap(([, own]) => own) });
  const data: Data[] = typesByCount(rows).map((type) => ({
    type: "bar",
    orientation: "h",
    name: type,
    y: bars.map(({ name }) => name),
    x: bars.map(({ rows: own }) => countOf(own, type).seizures),
    marker: { color: typeColor(type) },
    hovertemplate: `%{y}: %{x} ${type}<extra></extra>`,
  }));
  const layout = {
    barmode: "stack",
    height: 170 + 20 * bars.length,
    legend: { traceorder: "normal" },
    xaxis: axis("seizures", { tickformat: ",d" }),
    yaxis: axis("", { type: "category", autorange: "reversed", tickfont: { size: 10 } }),
  } as const;
  const title =
    total === 0
      ? "No patient has a seizure"
      : `${half + 1} of ${sorted.length} patients with seizures have half of the ${total} seizures`;
  return makeFigure(title, data, layout, caption);
}
