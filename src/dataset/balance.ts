// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { CacheError } from "@ictal/base/errors";
import { withDefaults } from "@ictal/base/options";
import { checkOptions } from "../base/option-table.js";
import { createRandom, type Random } from "../base/random.js";
import { countsByPartial, countsByPrevalence, USUAL_PREVALENCE } from "./balance-counts.js";
import { BALANCE_DEFAULTS, BALANCE_OPTIONS, type BalanceOptions } from "./balance-options.js";
import {
  recordingOf,
  validSamplesOf,
  type WindowClass,
  type WindowIndex,
  windowClass,
  windowsOfClass,
} from "./index-windows.js";

/** `count` of `items` without replacement, ascending: the head of a Fisher-Yates shuffle. `items` is shuffled in place. */
function drawFrom(items: Uint32Array, count: number, random: Random): Uint32Array {
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(i, items.length - i);
    const drawn = items[j]!;
    items[j] = items[i]!;
    items[i] = drawn;
  }
  return items.slice(0, count).sort();
}

/**
 * How many of `count` items are drawn from each of several groups so that the largest share is as small as possible: groups
 * smaller than an even share give all. `order` says which groups give one more when the count does not divide.
 */
function evenShares(sizes: readonly number[], count: number, order: Uint32Array): number[] {
  const shares = sizes.map(() => 0);
  let left = count;
  let open = [...order];
  while (left > 0 && open.length > 0) {
    const even = Math.max(1, Math.floor(left / open.length));
    for (const group of open) {
      const more = Math.min(even, sizes[group]! - shares[group]!, left);
      shares[group]! += more;
      left -= more;
    }
    open = open.filter((group) => shares[group]! < sizes[group]!);
  }
  return shares;
}

/** `drawFrom` with the windows drawn as evenly from the patients as their numbers allow. */
function drawEvenly(index: WindowIndex, items: Uint32Array, count: number, random: Random): Uint32Array {
  const byPatient = new Map<string, number[]>();
  for (const window of items) {
    const { patient } = recordingOf(index, window);
    const own = byPatient.get(patient);
    if (own) own.push(window);
    else byPatient.set(patient, [window]);
  }
  const patients = [...byPatient].sort(([a], [b]) => (a < b ? -1 : 1));
  const sizes = patients.map(([, windows]) => windows.length);
  const shares = evenShares(sizes, count, random.permutation(patients.length));
  const drawn = patients.flatMap(([patient, windows], i) => [
    ...drawFrom(Uint32Array.from(windows), shares[i] ?? 0, random.stream(patient)),
  ]);
  return Uint32Array.from(drawn).sort();
}

/**
 * Window numbers of the balanced set of the reference system, ascending: all partial windows, `fullRatio` times as many
 * full ones and `noneRatio` times as many seizure-free ones, drawn by `seed` without replacement. A class that has fewer
 * windows gives all it has, and no others replace the rest. Without partial windows all full ones are taken and are
 * the number that `noneRatio` refers to. With `rule: "prevalence"` as many windows as there can be such that seizure is that share
 * of their time. Unknown windows are never taken. No seizure window at all is a CacheError.
 */
export function balanceWindows(index: WindowIndex, options: BalanceOptions): Uint32Array {
  checkOptions(BALANCE_OPTIONS, options);
  const {
    rule,
    prevalence = USUAL_PREVALENCE,
    evenPatients,
    seed,
    ...ratios
  } = withDefaults(BALANCE_DEFAULTS, options);
  const partial = windowsOfClass(index, "partial");
  const full = windowsOfClass(index, "full");
  const none = windowsOfClass(index, "none");
  if (partial.length + full.length === 0)
    throw new CacheError(`no seizure in ${index.count} windows; check labels, split and limit`, {
      found: 0,
      expected: "at least one window with seizure",
    });
  const random = createRandom(seed, "balance");
  const sizes = { partial: partial.length, full: full.length, none: none.length };
  const counts = rule === "prevalence" ? countsByPrevalence(index, sizes, prevalence) : countsByPartial(sizes, ratios);
  const draw = (items: Uint32Array, count: number, name: string) =>
    evenPatients ? drawEvenly(index, items, count, random.stream(name)) : drawFrom(items, count, random.stream(name));
  const chosen = [partial, draw(full, counts.full, "full"), draw(none, counts.none, "none")];
  const selection = new Uint32Array(partial.length + counts.full + counts.none);
  let at = 0;
  for (const part of chosen) {
    selection.set(part, at);
    at += part.length;
  }
  return selection.sort();
}

/**
 * What is said of a selection that leaves out most of the seizure: the rule "partial" draws by the number of partial windows, which
 * long seizures have few of. Undefined where that is not so.
 */
export function balanceNotice(
  { windows, selected }: Pick<Composition, "windows" | "selected">,
  { rule }: Pick<BalanceOptions, "rule">,
): string | undefined {
  const { partial, full } = windows;
  if (rule === "prevalence" || partial === 0 || full <= partial || 2 * selected.full >= full) return undefined;
  return (
    `${selected.full} of the ${full} windows that are all seizure are drawn, since they outnumber the ${partial} partial ones that the draw is counted by; ` +
    "for seizures that are long beside the windows set data.balance.rule: prevalence"
  );
}

/** Windows per class. */
export type ClassCounts = Record<WindowClass, number>;

/** What a selection of windows consists of. */
export interface Composition {
  readonly windows: ClassCounts;
  readonly selected: ClassCounts;
  /** Seizure samples over labelled samples of all windows; NaN without labelled windows. */
  readonly prevalenceBefore: number;
  /** The same over the selected windows. */
  readonly prevalenceAfter: number;
  /** By patient id, ascending. */
  readonly patients: readonly {
    readonly patient: string;
    readonly windows: ClassCounts;
    readonly selected: ClassCounts;
  }[];
}

function noCounts(): ClassCounts {
  return { none: 0, partial: 0, full: 0, unknown: 0 };
}

function prevalenceOf(index: WindowIndex, windows: Iterable<number>): number {
  let seizure = 0;
  let labelled = 0;
  for (const window of windows) {
    const share = index.seizureShare[window] ?? Number.NaN;
    if (Number.isNaN(share)) continue;
    const valid = validSamplesOf(index, window);
    seizure += share * valid;
    labelled += valid;
  }
  return seizure / labelled;
}

function* upTo(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

/** Count an index and a selection of it by class and patient, with the prevalence of seizure before and after. */
export function windowComposition(index: WindowIndex, selection: Uint32Array): Composition {
  const windows = noCounts();
  const selected = noCounts();
  const patients = new Map<string, { windows: ClassCounts; selected: ClassCounts }>();
  const patientOf = (window: number) => {
    const { patient } = recordingOf(index, window);
    const known = patients.get(patient) ?? { windows: noCounts(), selected: noCounts() };
    patients.set(patient, known);
    return known;
  };
  const add = (window: number, key: "windows" | "selected", total: ClassCounts) => {
    const name = windowClass(index, window);
    total[name] += 1;
    patientOf(window)[key][name] += 1;
  };
  for (let window = 0; window < index.count; window++) add(window, "windows", windows);
  for (const window of selection) add(window, "selected", selected);
  return {
    windows,
    selected,
    prevalenceBefore: prevalenceOf(index, upTo(index.count)),
    prevalenceAfter: prevalenceOf(index, selection),
    patients: [...patients].sort(([a], [b]) => (a < b ? -1 : 1)).map(([patient, counts]) => ({ patient, ...counts })),
  };
}
