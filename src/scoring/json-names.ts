/** Scores as JSON documents name them since version 0.1, which scripts read; in the code one measure has one name. */

const SZCORE = { falseAlarmsPer24h: "fpPerDay" };

const MEASURES = {
  eventFalseAlarmsPer24h: "eventFalseAlarmsPerDay",
  ovlpFalseAlarmsPer24h: "ovlpFalseAlarmsPerDay",
  taesFalseAlarmsPer24h: "taesFalseAlarmsPerDay",
};

/** Names in a document by names in the code, for each part of a report; parts that are not listed have equal names. */
const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  szcore: SZCORE,
  szcore1Hz: SZCORE,
  intervals: MEASURES,
  comparison: MEASURES,
  breakdown: { falseAlarmsPer24h: "falseAlarmsPerDay" },
};

const RATES = { falseAlarmsPer24h: "falseAlarmsPerDay", maxFalseAlarmsPer24h: "perDay" };

function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [names[key] ?? key, renamed(member, names)]));
}

/** A report of scores, by part (`szcore`, `nedc`, `breakdown`, …), under the names of its JSON document. */
export function scoresJson(report: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(report).map(([part, value]) => [part, renamed(value, NAMES[part] ?? {})]));
}

/** Sensitivities at rates of false alarms (`RateSensitivity`) under the names of their JSON document. */
export function ratesJson(rates: readonly object[]): unknown {
  return renamed(rates, RATES);
}
