import { inspect } from "node:util";
import { box, button } from "./boxes.js";
import { type Control, type ControlOptions, control, type Widget } from "./control.js";

export interface SliderOptions extends ControlOptions<number> {
  readonly min: number;
  readonly max: number;
  /** @default 1 for whole bounds, else a hundredth of the range */
  readonly step?: number | undefined;
  /** Tell of each value while it is dragged, not of the last alone. @default true */
  readonly continuous?: boolean | undefined;
}

function requireRange({ min, max, step, value }: SliderOptions): void {
  const wrong = [min, max, step ?? 1, value ?? min].find((number) => !Number.isFinite(number));
  if (wrong !== undefined) throw new RangeError(`invalid number of a slider: ${wrong}`);
  if (max < min) throw new RangeError(`invalid range of a slider: ${min} to ${max}`);
  if (step !== undefined && step <= 0) throw new RangeError(`invalid step of a slider: ${step}`);
}

/** A slider for a number. RangeError for a range or a step that is none. */
function slider(options: SliderOptions): Control<number> {
  requireRange(options);
  const { min, max, continuous = true } = options;
  const isWhole = [min, max, options.step ?? 1, options.value ?? min].every(Number.isInteger);
  const step = options.step ?? (isWhole ? 1 : (max - min) / 100);
  const value = Math.min(max, Math.max(min, options.value ?? min));
  const digits = Math.min(12, Math.max(0, Math.ceil(-Math.log10(step))));
  const name = isWhole ? "IntSlider" : "FloatSlider";
  const readout_format = isWhole ? "d" : `.${digits}f`;
  const state = {
    value,
    min,
    max,
    step,
    continuous_update: continuous,
    readout: true,
    readout_format,
    orientation: "horizontal",
    behavior: "drag-tap",
  };
  return control({ name, style: "SliderStyle", options, state });
}

/** A list to choose from: values under their own texts, or labels with values. RangeError for an empty one or a value that is not in it. */
function dropdown<T>(choices: readonly T[] | Readonly<Record<string, T>>, options: ControlOptions<T> = {}): Control<T> {
  const isList = (list: typeof choices): list is readonly T[] => Array.isArray(list);
  const entries = isList(choices)
    ? choices.map((value): [string, T] => [String(value), value])
    : Object.entries(choices);
  const indexOf = (value: T) => {
    const index = entries.findIndex(([, each]) => Object.is(each, value));
    if (index < 0)
      throw new RangeError(
        `invalid value of a drop-down list: ${inspect(value)}; it has ${entries.map(([label]) => label).join(", ")}`,
      );
    return index;
  };
  if (entries.length === 0) throw new RangeError("invalid drop-down list: it has no choices");
  const index = options.value === undefined ? 0 : indexOf(options.value);
  return control<T>({
    name: "Dropdown",
    style: "DescriptionStyle",
    options,
    state: { _options_labels: entries.map(([label]) => label), index },
    key: "index",
    toValue: (at) => entries[Number(at)]![1], // the front end chooses among the labels
    toState: indexOf,
  });
}

/** A box that is checked or not. */
function checkBox(options: ControlOptions<boolean> = {}): Control<boolean> {
  return control({
    name: "Checkbox",
    style: "CheckboxStyle",
    options,
    state: { value: options.value ?? false, indent: true },
  });
}

/** A line of text. */
function text(options: ControlOptions<string> & { readonly placeholder?: string | undefined } = {}): Control<string> {
  const state = { value: options.value ?? "", placeholder: options.placeholder ?? "\u200b", continuous_update: true };
  return control({ name: "Text", style: "TextStyle", options, state });
}

/** A bar that a cell moves by setting its value. RangeError for a range that is none. */
function progress(
  options: { readonly min?: number; readonly max?: number } & ControlOptions<number> = {},
): Control<number> {
  const { min = 0, max = 100 } = options;
  requireRange({ ...options, min, max });
  const state = { value: options.value ?? min, min, max, bar_style: "", orientation: "horizontal" };
  return control({
    name: "FloatProgress",
    view: "Progress",
    style: "ProgressStyle",
    isInput: false,
    options,
    state,
  });
}

/** Controls that Jupyter's front ends show where ipywidgets is installed; elsewhere their values are shown as text. */
export const controls = {
  slider,
  dropdown,
  checkBox,
  text,
  progress,
  button,
  /** Widgets above each other. */
  column: (...children: readonly Widget[]): Widget => box("VBox", children),
  /** Widgets side by side. */
  row: (...children: readonly Widget[]): Widget => box("HBox", children),
} as const;
