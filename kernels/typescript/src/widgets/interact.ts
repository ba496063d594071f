import { inspect } from "node:util";
import { display, liveDisplay } from "../display.js";
import type { Control } from "./control.js";
import { controls } from "./controls.js";

/** From, to, and perhaps step of a slider. */
export type SliderRange = readonly [min: number, max: number, step?: number];

/** What stands for a control: a slider's range, a value to start from, choices, or the control itself. */
export type Abbreviation =
  | SliderRange
  | number
  | boolean
  | string
  | readonly string[]
  | Readonly<Record<string, unknown>>
  | Control<unknown>;

/** The value that an abbreviation's control has. */
export type ValueOf<A> =
  A extends Control<infer T>
    ? T
    : A extends number | SliderRange
      ? number
      : A extends boolean
        ? boolean
        : A extends string
          ? string
          : A extends readonly (infer T)[]
            ? T
            : A extends Readonly<Record<string, infer T>>
              ? T
              : never;

/** The values that `interact` calls its function with. */
export type ValuesOf<A> = { readonly [K in keyof A]: ValueOf<A[K]> };

const isControl = (value: object): value is Control<unknown> => "modelId" in value && "onChange" in value;
const isRange = (value: readonly unknown[]): value is SliderRange =>
  (value.length === 2 || value.length === 3) && value.every((each) => typeof each === "number");

/** The control of an abbreviation, as ipywidgets has it: a number n gives a slider from -n to 3n, or 0 to 1. */
function controlOf(description: string, given: Abbreviation): Control<unknown> {
  if (typeof given === "boolean") return controls.checkBox({ value: given, description });
  if (typeof given === "string") return controls.text({ value: given, description });
  if (typeof given === "number") {
    const [min, max] = given === 0 ? [0, 1] : [Math.min(-given, 3 * given), Math.max(-given, 3 * given)];
    return controls.slider({ min, max, value: given, description });
  }
  if (Array.isArray(given)) {
    if (!isRange(given)) return controls.dropdown(given as readonly unknown[], { description }); // a list, checked above
    const [min, max, step] = given;
    const middle = step === undefined ? (min + max) / 2 : min + Math.round((max - min) / 2 / step) * step;
    const isWhole = [min, max, step ?? 1].every(Number.isInteger);
    return controls.slider({ min, max, step, value: isWhole ? Math.round(middle) : middle, description });
  }
  if (typeof given !== "object" || given === null)
    throw new RangeError(
      `invalid control ${description}: ${inspect(given)}; a range, a value, choices or a control was expected`,
    );
  return isControl(given) ? given : controls.dropdown(given as Readonly<Record<string, unknown>>, { description }); // labels and values
}

/** What `interact` returns. */
export interface Interaction<V> {
  /** The values now. */
  readonly values: V;
  /** Calls `listener` after each change; returns the function that removes it. */
  onChange(listener: (values: V) => void): () => void;
}

/**
 * Shows a control for each member of `given` and below them what `f` returns for their values, again at each change:
 * `interact(({ x }) => figure(x), { x: [0, 1, 0.01] })`. A range is a slider, a boolean a check box, a text a line, a list or an
 * object of labels a drop-down list. An asynchronous `f` is awaited, and of changes that come meanwhile the last is taken. What
 * it throws is shown in place of the result. RangeError for what is no control.
 */
export function interact<const A extends Readonly<Record<string, Abbreviation>>>(
  f: (values: ValuesOf<A>) => unknown,
  given: A,
): Interaction<ValuesOf<A>> {
  const all = Object.entries(given).map(([name, each]) => [name, controlOf(name, each)] as const);
  const values = () => Object.fromEntries(all.map(([name, { value }]) => [name, value])) as ValuesOf<A>; // by their names
  const listeners = new Set<(values: ValuesOf<A>) => void>();
  const result = async () => {
    try {
      return await f(values());
    } catch (error) {
      return error;
    }
  };
  display(controls.column(...all.map(([, control]) => control)));
  let handle: ReturnType<typeof liveDisplay> | undefined;
  let running = false;
  let isStale = false;
  const refresh = async () => {
    isStale = true;
    if (running) return;
    running = true;
    while (isStale) {
      isStale = false;
      const shown = await result();
      if (handle) handle.update(shown);
      else handle = liveDisplay(shown);
    }
    running = false;
    for (const listener of [...listeners]) listener(values());
  };
  for (const [, control] of all) control.onChange(() => void refresh());
  void refresh();
  const interaction: Interaction<ValuesOf<A>> = {
    get values() {
      return values();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return Object.assign(interaction, { [Symbol.for("ictal.quiet")]: true }); // a cell that ends with it shows it already
}
