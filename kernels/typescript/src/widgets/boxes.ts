import { inspect } from "node:util";
import { layout, style, type Widget } from "./control.js";
import { openModel, reference, shownAs } from "./model.js";

/** A button. */
export interface Button extends Widget {
  readonly description: string;
  /** Calls `listener` at each click; returns the function that removes it. */
  onClick(listener: () => void): () => void;
}

/** A button that calls `onClick`. */
export function button(description: string, onClick?: () => void): Button {
  const helpers = [layout(), style("ButtonStyle")] as const;
  const model = openModel({
    module: "controls",
    name: "Button",
    state: {
      description,
      button_style: "",
      disabled: false,
      icon: "",
      tabbable: null,
      tooltip: null,
      layout: reference(helpers[0]),
      style: reference(helpers[1]),
      _dom_classes: [],
    },
  });
  const listen = (listener: () => void) =>
    model.onCustom((content) => void ((content as { event?: unknown } | null)?.event === "click" && listener()));
  if (onClick) listen(onClick);
  return {
    modelId: model.id,
    description,
    onClick: listen,
    close: () => {
      for (const each of [model, ...helpers]) each.close();
    },
    ...shownAs(model, () => `[${description}]`),
  };
}

/** A row or a column of widgets. */
export function box(name: "VBox" | "HBox", children: readonly Widget[]): Widget {
  const own = layout();
  const references = children.map(({ modelId }) => reference({ id: modelId }));
  const state = {
    children: references,
    box_style: "",
    tabbable: null,
    tooltip: null,
    layout: reference(own),
    _dom_classes: [],
  };
  const model = openModel({ module: "controls", name, state });
  return {
    modelId: model.id,
    close: () => {
      for (const each of [model, own]) each.close();
    },
    ...shownAs(model, () => children.map((child) => inspect(child)).join(name === "VBox" ? "\n" : "  ")),
  };
}
