import type { NedcRates } from "../scoring/nedc/counts.js";
import type { NedcReport } from "../scoring/nedc/score-nedc.js";
import type { SzcoreReport } from "../scoring/score.js";
import type { SzcoreRates } from "../scoring/szcore.js";

/** The document of `score --json`; a scorer that was not asked for is absent. */
export interface ScoreReport {
  readonly recordings: number;
  /** Recordings without a hypothesis; they count as without detections. */
  readonly missing: readonly string[];
  readonly szcore?: SzcoreReport;
  readonly nedc?: NedcReport;
}

/** The pooled scores as tables for people; rates without a denominator read n/a. */
export function scoreText({ recordings, missing, szcore, nedc }: ScoreReport): string {
  const lines = [`pooled over ${recordings} ${recordings === 1 ? "recording" : "recordings"}`];
  if (szcore) {
    const { event, sample } = szcore;
    const head = row("SzCORE", "reference", "tp", "fp", "sensitivity", "precision", "f1", "fp/day");
    lines.push("", head, szcoreRow("event", event), szcoreRow("sample", sample));
  }
  if (nedc) {
    const { ovlp, taes, epoch, dpalign, ira } = nedc;
    lines.push("", row("NEDC", "targets", "hits", "misses", "false alarms", "sensitivity", "FA/24h"));
    lines.push(nedcRow("ovlp", ovlp, 0), nedcRow("taes", taes, 2), nedcRow("epoch", epoch, 0));
    lines.push(nedcRow("dpalign", dpalign, 0), `ira     Cohen's kappa ${number(ira.kappa, 4)}`);
    lines.push("seizure label only; epoch counts quarters of a second, not events");
  }
  if (missing.length > 0) {
    const some = `${missing.slice(0, 10).join(", ")}${missing.length > 10 ? ", ..." : ""}`;
    lines.push("", `no hypothesis for ${missing.length} recordings (counted as no detections): ${some}`);
  }
  return lines.join("\n");
}

function number(value: number, decimals: number): string {
  return Number.isNaN(value) ? "n/a" : value.toFixed(decimals);
}

function row(name: string, ...cells: readonly string[]): string {
  return `${name.padEnd(7)}${cells.map((cell) => ` ${cell.padStart(12)}`).join("")}`;
}

function szcoreRow(name: string, { refTrue, tp, fp, sensitivity, precision, f1, fpPerDay }: SzcoreRates): string {
  const rates = [sensitivity, precision, f1].map((value) => number(value, 3));
  return row(name, `${refTrue}`, `${tp}`, `${fp}`, ...rates, number(fpPerDay, 1));
}

function nedcRow(name: string, scores: NedcRates, decimals: number): string {
  const { targets, hits, misses, falseAlarms, sensitivity, falseAlarmsPer24h } = scores;
  const counts = [targets, hits, misses, falseAlarms].map((value) => number(value, decimals));
  return row(name, ...counts, number(sensitivity, 3), number(falseAlarmsPer24h, 1));
}
