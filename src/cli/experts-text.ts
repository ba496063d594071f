/** Agreement between experts and of a detector with them, as lines for people. */
import type { Agreement, ExpertComparison, ExpertReport } from "../scoring/experts.js";
import type { Estimate } from "../scoring/patient-interval.js";

/** What `score` says of several experts. */
export interface ExpertScores extends ExpertReport {
  /** Recordings that are not scored, since not every expert's annotation of them can be used. */
  readonly notByAll: readonly string[];
}

const number = (value: number) => (Number.isNaN(value) ? "n/a" : value.toFixed(3));
const range = ({ lower, upper }: Estimate) => `${number(lower)} to ${number(upper)}`;

function agreementLine({ first, second, ...estimate }: Agreement): string {
  return `${`${first}, ${second}`.padEnd(32)} ${number(estimate.value).padStart(7)}   ${range(estimate)}`;
}

/** What the interval of the difference says. */
export function verdict(isNonInferior: boolean | null, margin: number): string {
  if (isNonInferior === null) return "no interval, no verdict";
  return isNonInferior
    ? `no worse than this expert by ${margin}`
    : `may be worse than this expert by ${margin} or more`;
}

function comparisonLine(
  { expert, detector, human, difference, isNonInferior }: ExpertComparison,
  margin: number,
): string {
  const cells = [detector, human, difference.value].map((value) => number(value).padStart(8));
  return `${expert.padEnd(24)} ${cells.join(" ")}   ${range(difference).padEnd(18)} ${verdict(isNonInferior, margin)}`;
}

/** Tables of kappas; the detector's only where there is one. */
export function expertLines(report: ExpertScores): string[] {
  const { patients, hours, level, betweenExperts, withDetector, nonInferiority, margin, notByAll } = report;
  const base = `seconds of ${hours.toFixed(2)} h, ${patients} patients, ${100 * level} % intervals by patient`;
  const left = notByAll.length > 0 ? [`not by every expert, left out: ${notByAll.slice(0, 10).join(", ")}`] : [];
  const detector =
    withDetector.length === 0
      ? []
      : [
          "",
          `scored against what more than half of ${nonInferiority.length} experts mark, their consensus`,
          "Cohen's kappa of the detector with each expert and with the consensus",
          ...withDetector.map(agreementLine),
          ...[
            "",
            "each expert replaced by the detector: mean kappa with the others of detector and expert, difference",
          ],
          ...nonInferiority.map((each) => comparisonLine(each, margin)),
        ];
  return ["", `Cohen's kappa between experts; ${base}`, ...betweenExperts.map(agreementLine), ...left, ...detector];
}
