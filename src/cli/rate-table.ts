import type { RateSensitivity } from "../scoring/rate-sensitivity.js";
import { hoursToResolve } from "../scoring/resolution.js";
import { numberText as number, type Table } from "./html-table.js";

/** Sensitivities at rates of false alarms as a table of a page; `threshold.ts` has it for terminals. */
export function rateTable(rates: readonly RateSensitivity[]): Table {
  const rows = rates.map((rate) => {
    const { maxFalseAlarmsPer24h: allowed, threshold, sensitivity, falseAlarmsPer24h, upperFalseAlarmsPer24h } = rate;
    if (!rate.isResolved)
      return [`${allowed}`, `not resolved: takes ${number(hoursToResolve(allowed), 1)} h`, "", "", "", "", ""];
    const { value, lower, upper, patients } = sensitivity;
    const interval = Number.isNaN(lower) ? "n/a" : `${number(lower, 3)} to ${number(upper, 3)}`;
    const found = [number(falseAlarmsPer24h, 1), number(upperFalseAlarmsPer24h, 1)];
    const at = Number.isFinite(threshold) ? threshold.toFixed(3) : "none: silence";
    return [`${allowed}`, at, number(value, 3), interval, `${patients}`, ...found];
  });
  const [first] = rates;
  return {
    caption: "Thresholds searched on these recordings; all rates per 24 h",
    columns: [
      "false alarms allowed",
      "threshold",
      "sensitivity",
      "interval",
      "patients",
      "false alarms found",
      "at most",
    ],
    rows,
    note:
      first &&
      `${number(first.hours, 2)} h of recording resolve ${number(first.leastFalseAlarmsPer24h, 1)} false alarms per 24 h, one in all; "at most" is a 95 % bound (Poisson).`,
  };
}
