/** Agreement between experts and of a detector with them as HTML tables; `experts-text.ts` has the same for terminals. */
import type { Agreement } from "../scoring/experts.js";
import type { Estimate } from "../scoring/patient-interval.js";
import { type ExpertScores, verdict } from "./experts-text.js";
import { numberText, type Table } from "./html-table.js";

const number = (value: number) => numberText(value, 3);
const rangeOf = ({ lower, upper }: Estimate) => (Number.isNaN(lower) ? "n/a" : `${number(lower)} to ${number(upper)}`);

const agreementRow = ({ first, second, ...estimate }: Agreement) => [
  `${first}, ${second}`,
  number(estimate.value),
  rangeOf(estimate),
];

/** Tables of kappas; the detector's only where there is one. */
export function expertTables(report: ExpertScores): Table[] {
  const { patients, hours, level, betweenExperts, withDetector, nonInferiority, margin, notByAll } = report;
  const base = `seconds of ${hours.toFixed(2)} h, ${patients} patients, ${100 * level} % intervals by patient`;
  const columns = ["", "kappa", "interval"];
  const left =
    notByAll.length > 0 ? `Left out, since not by every expert: ${notByAll.slice(0, 10).join(", ")}` : undefined;
  const between = {
    caption: `Cohen's kappa between experts; ${base}`,
    columns,
    rows: betweenExperts.map(agreementRow),
  };
  if (withDetector.length === 0) return [{ ...between, note: left }];
  return [
    { ...between, note: left },
    {
      caption: `Cohen's kappa of the detector with each expert and with their consensus, what more than half of ${nonInferiority.length} mark`,
      columns,
      rows: withDetector.map(agreementRow),
    },
    {
      caption: "Each expert replaced by the detector: mean kappa with the other experts",
      columns: ["expert", "detector", "the expert", "difference", "interval", "verdict"],
      words: ["verdict"],
      rows: nonInferiority.map(({ expert, detector, human, difference, isNonInferior }) => [
        expert,
        ...[detector, human, difference.value].map(number),
        rangeOf(difference),
        verdict(isNonInferior, margin),
      ]),
    },
  ];
}
