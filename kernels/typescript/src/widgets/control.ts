import { inspect } from "node:util";
import type { DISPLAY } from "../display.js";
import type { MimeBundle } from "../wire/message.js";
import { type Model, openModel, reference, type State, shownAs } from "./model.js";

/** What can be shown as a widget. */
export interface Widget {
  readonly modelId: string;
  /** Takes it from all front ends. */
  close(): void;
  [DISPLAY](): MimeBundle;
}

/** A control with a value that people change, or a cell. */
export interface Control<T> extends Widget {
  value: T;
  readonly description: string;
  /** Calls `listener` when a front end has changed the value; returns the function that removes it. */
  onChange(listener: (value: T) => void): () => void;
}

export interface ControlOptions<T> {
  readonly value?: T | undefined;
  /** Label. @default none */
  readonly description?: string | undefined;
  /** Shown, but not to be changed. @default false */
  readonly disabled?: boolean | undefined;
}

/** What makes a control. */
export interface ControlParts<T> {
  readonly name: string;
  readonly style: string;
  readonly options: ControlOptions<T>;
  readonly state: State;
  /** Where the view has another name than the model. */
  readonly view?: string;
  /** False for what shows a value alone, and so cannot be disabled. @default true */
  readonly isInput?: boolean;
  /** Member of the state that holds the value. @default "value" */
  readonly key?: string;
  toValue?(state: unknown): T;
  toState?(value: T): unknown;
}

/** The model of a widget's place and size. */
export const layout = (): Model => openModel({ module: "base", name: "Layout", hasView: false, state: {} });
/** The model of a widget's looks. */
export const style = (name: string): Model => openModel({ module: "controls", name, hasView: false, state: {} });

/** A control over a model, its layout and its style. */
export function control<T>(parts: ControlParts<T>): Control<T> {
  const {
    options,
    view,
    isInput = true,
    key = "value",
    toValue = (state) => state as T,
    toState = (value) => value,
  } = parts;
  const { description = "", disabled = false } = options;
  const helpers = [layout(), style(parts.style)] as const;
  const model = openModel({
    module: "controls",
    name: parts.name,
    ...(view === undefined ? {} : { view }),
    state: {
      description,
      description_allow_html: false,
      ...(isInput ? { disabled } : {}),
      tabbable: null,
      tooltip: null,
      layout: reference(helpers[0]),
      style: reference(helpers[1]),
      _dom_classes: [],
      ...parts.state,
    },
  });
  const value = () => toValue(model.get(key));
  const text = () => `${description || parts.name}: ${inspect(value())}`;
  return {
    modelId: model.id,
    description,
    get value() {
      return value();
    },
    set value(next: T) {
      model.set({ [key]: toState(next) });
    },
    onChange: (listener) => model.onUpdate((state) => void (key in state && listener(value()))),
    close: () => {
      for (const each of [model, ...helpers]) each.close();
    },
    ...shownAs(model, text),
  };
}
