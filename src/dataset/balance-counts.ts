/** How many windows of each class a rule of balancing draws. */
import { validSamplesOf, type WindowIndex, windowsOfClass } from "./index-windows.js";

/** Share of seizure time that the rule "prevalence" draws for where none is given: about that of the rule "partial". */
export const USUAL_PREVALENCE = 0.2;

/** Windows to draw of those that are all seizure and of those without; all partial ones are taken. */
export interface DrawCounts {
  readonly full: number;
  readonly none: number;
}

/** Numbers of windows by class. */
export interface ClassSizes {
  readonly partial: number;
  readonly full: number;
  readonly none: number;
}

/** The rule of the reference system: so many windows of the other classes per partial one, or per full one where there is none. */
export function countsByPartial(
  { partial, full, none }: ClassSizes,
  ratios: { readonly fullRatio: number; readonly noneRatio: number },
): DrawCounts {
  const fullCount = partial > 0 ? Math.min(full, Math.round(ratios.fullRatio * partial)) : full;
  const base = partial > 0 ? partial : full;
  return { full: fullCount, none: Math.min(none, Math.round(ratios.noneRatio * base)) };
}

/** Seizure and labelled samples of a class. */
function samplesOf(index: WindowIndex, windows: Uint32Array): { seizure: number; all: number } {
  let [seizure, all] = [0, 0];
  for (const window of windows) {
    const valid = validSamplesOf(index, window);
    seizure += (index.seizureShare[window] ?? 0) * valid;
    all += valid;
  }
  return { seizure, all };
}

/**
 * As many windows as there can be so that seizure is `prevalence` of their time: all with seizure, and seizure-free ones to go with
 * them; where those run out, all of those and fewer full ones. Counts are by the mean length of a class's windows, so that the share
 * is met but for a window.
 */
export function countsByPrevalence(index: WindowIndex, sizes: ClassSizes, prevalence: number): DrawCounts {
  const [partial, full, none] = (["partial", "full", "none"] as const).map((name) =>
    samplesOf(index, windowsOfClass(index, name)),
  ) as [ReturnType<typeof samplesOf>, ReturnType<typeof samplesOf>, ReturnType<typeof samplesOf>];
  const background = (seizure: number) => seizure / prevalence - seizure; // samples of it that belong to so many of seizure
  const own = partial.all - partial.seizure + (full.all - full.seizure);
  const wanted = background(partial.seizure + full.seizure) - own;
  if (wanted <= none.all) {
    const length = none.all / Math.max(1, sizes.none);
    return { full: sizes.full, none: length > 0 ? Math.max(0, Math.round(wanted / length)) : 0 };
  }
  const there = partial.all - partial.seizure + none.all;
  if (there <= 0) return { full: sizes.full, none: sizes.none };
  const seizure = (there * prevalence) / (1 - prevalence) - partial.seizure;
  const perWindow = full.seizure / Math.max(1, sizes.full);
  const count = perWindow > 0 ? Math.round(seizure / perWindow) : 0;
  return { full: Math.min(sizes.full, Math.max(sizes.partial > 0 ? 0 : 1, count)), none: sizes.none };
}
