import { ConfigError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";

/** What makes a varied corpus hard, one part each; a corpus may have any of them. */
export const REALISM_PARTS = ["patients", "sleep", "look-alikes", "dynamotypes", "raters", "edges"] as const;
export type RealismPart = (typeof REALISM_PARTS)[number];

/** How hard a varied corpus is, and in what. */
export interface Realism {
  /** 0 (seizures far above the background, few look-alikes, exact labels) to 1. */
  readonly difficulty: number;
  readonly parts: readonly RealismPart[];
}

/** Difficulty where only `realism` is given: band power with logistic regression stays below an AUROC of 0.75. */
export const DEFAULT_DIFFICULTY = 0.5;

/**
 * Realism from the two options, undefined when neither is given: the difficulty defaults to `DEFAULT_DIFFICULTY`, the parts
 * to all. RangeError when the difficulty is not in 0..1; ConfigError, with the nearest name, on an unknown part.
 */
export function realismOf(difficulty?: number, parts?: readonly string[]): Realism | undefined {
  if (difficulty === undefined && parts === undefined) return undefined;
  const level = difficulty ?? DEFAULT_DIFFICULTY;
  if (!(level >= 0 && level <= 1)) throw new RangeError(`invalid difficulty: ${level}; a number from 0 to 1`);
  const wanted = (parts ?? REALISM_PARTS).map(checkedPart);
  return { difficulty: level, parts: REALISM_PARTS.filter((part) => wanted.includes(part)) };
}

function checkedPart(name: string): RealismPart {
  const part = REALISM_PARTS.find((known) => known === name);
  if (part) return part;
  const nearest = nearestName(name, REALISM_PARTS);
  throw new ConfigError(
    `invalid realism: "${name}" is no part; the parts are ${REALISM_PARTS.join(", ")}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`,
    { key: "realism", value: name, allowed: REALISM_PARTS.join(", ") },
  );
}

/** A quantity that moves in a straight line from its value at difficulty 0 to that at 1. */
const between =
  (easy: number, hard: number) =>
  ({ difficulty }: Realism): number =>
    easy + (hard - easy) * difficulty;

/** Mean signal-to-noise ratio of the seizures, decibels (`seizureGain`). */
export const meanSnrDb = between(7, -12);
/** Mean gap between two look-alikes, seconds. */
export const lookAlikeGapSeconds = between(80, 20);
/** Standard deviation of a rater's onset; that of the offset is half as large again. */
export const raterJitterSeconds = between(0.5, 2.5);
/** Chance that a rater misses a seizure that is no louder than the background. */
export const raterMissChance = between(0, 0.15);
/** Share of seizures whose onset is far below the background. */
export const hiddenOnsetShare = between(0.1, 0.5);
