import { diffArrays } from "diff";

/** Texts with more differences than this are shown one after the other. */
const MOST_DIFFERENCES = 2000;
const CONTEXT = 1;
const MOST_LINES = 24;

type Step = readonly [" " | "-" | "+", string];

function steps(left: string[], right: string[], same: (a: string, b: string) => boolean): Step[] {
  const changes = diffArrays(left, right, { comparator: same, maxEditLength: MOST_DIFFERENCES }) ?? [
    { value: left, removed: true, added: false },
    { value: right, removed: false, added: true },
  ];
  return changes.flatMap(({ value, removed, added }) => {
    const sign = removed ? "-" : added ? "+" : " ";
    return value.map((line): Step => [sign, line]);
  });
}

/** The lines in which two texts differ, `-` stored and `+` now, with a line of context; long ones are cut. */
export function lineDiff(stored: string, now: string, same: (a: string, b: string) => boolean): string[] {
  const all = steps(stored.split("\n"), now.split("\n"), same);
  const shown = all.filter((_, i) =>
    all.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(([sign]) => sign !== " "),
  );
  const lines = shown.slice(0, MOST_LINES).map(([sign, line]) => `${sign} ${line.slice(0, 200)}`);
  return shown.length > MOST_LINES ? [...lines, `… ${shown.length - MOST_LINES} more lines`] : lines;
}
