const LARGEST_TABLE = 4_000_000;
const CONTEXT = 1;
const MOST_LINES = 24;

type Step = readonly [" " | "-" | "+", string];

/** Length of the longest common subsequence of the ends of both lists, for every pair of starts. */
function commonLengths(left: readonly string[], right: readonly string[], same: (a: string, b: string) => boolean) {
  const width = right.length + 1;
  const table = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      table[i * width + j] = same(left[i]!, right[j]!)
        ? table[(i + 1) * width + j + 1]! + 1
        : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
  return (i: number, j: number) => table[i * width + j]!;
}

function steps(left: readonly string[], right: readonly string[], same: (a: string, b: string) => boolean): Step[] {
  if ((left.length + 1) * (right.length + 1) > LARGEST_TABLE)
    return [...left.map((line): Step => ["-", line]), ...right.map((line): Step => ["+", line])];
  const length = commonLengths(left, right, same);
  const found: Step[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && same(left[i]!, right[j]!)) {
      found.push([" ", left[i]!]);
      i += 1;
      j += 1;
    } else if (j >= right.length || (i < left.length && length(i + 1, j) >= length(i, j + 1)))
      found.push(["-", left[i++]!]);
    else found.push(["+", right[j++]!]);
  }
  return found;
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
