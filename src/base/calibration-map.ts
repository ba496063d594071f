/** How probabilities are corrected: log-odds over a temperature, and shifted. The order of values stays as it is. */
export interface CalibrationMap {
  /** Above 1 for a detector that is too sure of itself. */
  readonly temperature: number;
  /** Added to the log-odds after the temperature. */
  readonly bias: number;
}

const LEAST = 1e-6;

/** Log-odds of a probability, of 0 and 1 those of one in a million. */
export function logOdds(probability: number): number {
  const inside = Math.min(Math.max(probability, LEAST), 1 - LEAST);
  return Math.log(inside / (1 - inside));
}

/** The corrected probability. */
export function calibrated(probability: number, { temperature, bias }: CalibrationMap): number {
  return 1 / (1 + Math.exp(-(logOdds(probability) / temperature + bias)));
}
