/** A step between electrodes and alarms that waits for what comes later. */
export interface LookAheadPart {
  /** Its name, e.g. "window". */
  readonly part: string;
  /** How far it looks ahead; Infinity for the rest of the recording. */
  readonly seconds: number;
  /** What it does, to be read after "it". */
  readonly reason: string;
}

/** How far parts look ahead together. */
export function lookAheadSeconds(parts: readonly LookAheadPart[]): number {
  return parts.reduce((sum, { seconds }) => sum + seconds, 0);
}
