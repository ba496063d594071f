/** The results that stand first on a page of scores. */
import { escapeHtml } from "@ictal/base/html";
import type { KeyFigure } from "@ictal/jupyter/report/key-figures";
import type { AurocInterval } from "../scoring/auroc-interval.js";
import { numberText as number } from "./html-table.js";
import { decimalsOf } from "./measure-names.js";
import type { ScoreReport } from "./score-text.js";

/** An interval below a value; how many patients are behind it where they are too few for one. */
function intervalNote(lower: number, upper: number, patients: number, decimals: number): string {
  const of = `${patients} ${patients === 1 ? "patient" : "patients"}`;
  if (Number.isNaN(lower)) return `no interval, ${of}`;
  return `${number(lower, decimals)} to ${number(upper, decimals)}, ${of}`;
}

/** AUROC with its interval. */
export function aurocFigure({ auroc, lower, upper, patients }: AurocInterval): KeyFigure {
  return { name: "AUROC", value: number(auroc, 3), note: intervalNote(lower, upper, patients, 3) };
}

/** Sensitivity and false alarms by any overlap, F1 by SzCORE and latency, with intervals where the report has them. */
export function scoreKeyFigures({ szcore, nedc, intervals, latency }: ScoreReport): KeyFigure[] {
  const figures: KeyFigure[] = [];
  const note = (name: "ovlpSensitivity" | "ovlpFalseAlarmsPer24h" | "eventF1") => {
    const found = intervals?.measures[name];
    return found ? intervalNote(found.lower, found.upper, found.patients, decimalsOf(name)) : undefined;
  };
  if (nedc) {
    const { hits, targets, sensitivity, falseAlarms, falseAlarmsPer24h } = nedc.ovlp;
    const found = `${hits} of ${targets} seizures`;
    figures.push(
      { name: "sensitivity, any overlap", value: number(sensitivity, 3), note: note("ovlpSensitivity") ?? found },
      {
        name: "false alarms per 24 h",
        value: number(falseAlarmsPer24h, 1),
        note: note("ovlpFalseAlarmsPer24h") ?? `${falseAlarms} false alarms`,
      },
    );
  }
  if (szcore) {
    const { tp, refTrue, f1 } = szcore.event;
    figures.push({
      name: "F1, SzCORE events",
      value: number(f1, 3),
      note: note("eventF1") ?? `${tp} of ${refTrue} events`,
    });
  }
  if (latency && latency.detected > 0) {
    const { medianSeconds, lowerQuartileSeconds, upperQuartileSeconds } = latency;
    figures.push({
      name: "median onset latency",
      value: `${number(medianSeconds, 1)} s`,
      note: `quartiles ${number(lowerQuartileSeconds, 1)} to ${number(upperQuartileSeconds, 1)} s`,
    });
  }
  return figures;
}

/** What was chosen on the scored data, where that is known. */
export function optimismHtml({ optimism }: Pick<ScoreReport, "optimism">): string {
  return optimism ? `<p class="note">${escapeHtml(optimism[0]!.toUpperCase() + optimism.slice(1))}.</p>` : "";
}
