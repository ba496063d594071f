import { inspect } from "node:util";
import { DISPLAY } from "../display.js";
import { Comm } from "../kernel/cell-api/comm.js";
import type { MimeBundle } from "../wire/message.js";

/*
 * Widget models over comms, as Jupyter's front ends know them:
 * https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md
 */

/** Version of the messages. */
const PROTOCOL = "2.1.0";
const TARGET = "jupyter.widget";
const CONTROL_TARGET = "jupyter.widget.control";
export const VIEW_MIME = "application/vnd.jupyter.widget-view+json";

/** The packages of front ends that models come from, in the versions that ipywidgets 8 has. */
const MODULES = {
  controls: { name: "@jupyter-widgets/controls", version: "2.0.0" },
  base: { name: "@jupyter-widgets/base", version: "2.0.0" },
} as const;

export type State = Readonly<Record<string, unknown>>;

/** What makes a model. */
export interface ModelParts {
  readonly module: keyof typeof MODULES;
  /** Without "Model" and "View" at its end, e.g. "FloatSlider". */
  readonly name: string;
  /** False for models that nothing shows, e.g. of styles. @default true */
  readonly hasView?: boolean;
  /** Of the view where it is another than the model's. @default name */
  readonly view?: string;
  readonly state: State;
}

/** A model whose state this kernel and its front ends share. */
export interface Model {
  readonly id: string;
  get(key: string): unknown;
  /** Sets members here and at the front ends. */
  set(state: State): void;
  /** Calls `listener` with what a front end has changed; returns what removes it. */
  onUpdate(listener: (state: State) => void): () => void;
  /** Calls `listener` with what a front end says besides, e.g. `{ event: "click" }`. */
  onCustom(listener: (content: unknown) => void): () => void;
  close(): void;
}

/** How one model names another. */
export const reference = (model: Pick<Model, "id">): string => `IPY_MODEL_${model.id}`;

const open = new Map<string, { state(): State }>();
let isListening = false;

/** A front end that was loaded anew asks for all models at once. */
function listenForFrontEnds(): void {
  if (isListening) return;
  isListening = true;
  Comm.onOpen(CONTROL_TARGET, (comm) => {
    comm.onMessage(({ data }) => {
      if ((data as { method?: unknown } | null)?.method !== "request_states") return;
      const states = Object.fromEntries(
        [...open].map(([id, { state }]) => {
          const { _model_name, _model_module, _model_module_version } = state();
          return [
            id,
            {
              model_name: _model_name,
              model_module: _model_module,
              model_module_version: _model_module_version,
              state: state(),
            },
          ];
        }),
      );
      comm.send({ method: "update_states", states, buffer_paths: [] });
    });
  });
}

function identity({ module, name, hasView = true, view = name }: ModelParts): State {
  const { name: from, version } = MODULES[module];
  const shared = {
    _model_module: from,
    _model_module_version: version,
    _model_name: `${name}Model`,
    _view_count: null,
  };
  const base = MODULES.base;
  if (!hasView)
    return {
      ...shared,
      _view_module: base.name,
      _view_module_version: base.version,
      _view_name: name === "Layout" ? "LayoutView" : "StyleView",
    };
  return { ...shared, _view_module: from, _view_module_version: version, _view_name: `${view}View` };
}

/** Opens a model at every front end. UnsupportedError outside the ictal kernel. */
export function openModel(parts: ModelParts): Model {
  listenForFrontEnds();
  let state: State = { ...identity(parts), ...parts.state };
  const updates = new Set<(state: State) => void>();
  const customs = new Set<(content: unknown) => void>();
  const comm = new Comm(TARGET, { state, buffer_paths: [] }, { metadata: { version: PROTOCOL } });
  const send = (changed: State) => comm.send({ method: "update", state: changed, buffer_paths: [] });
  open.set(comm.id, { state: () => state });
  comm.onClose(() => open.delete(comm.id));
  comm.onMessage(({ data }) => {
    const message = (data ?? {}) as { method?: unknown; state?: State; content?: unknown }; // the protocol's members
    if (message.method === "request_state") send(state);
    else if (message.method === "custom") for (const listener of [...customs]) listener(message.content);
    else if (message.method === "update" && typeof message.state === "object") {
      const known = Object.entries(message.state).filter(([key]) => Object.hasOwn(state, key));
      const changed = Object.fromEntries(known);
      state = { ...state, ...changed };
      for (const listener of [...updates]) listener(changed);
    }
  });
  const listen =
    <T>(listeners: Set<T>) =>
    (listener: T) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
  return {
    id: comm.id,
    get: (key) => state[key],
    set(changed) {
      state = { ...state, ...changed };
      if (comm.isOpen) send(changed);
    },
    onUpdate: listen(updates),
    onCustom: listen(customs),
    close() {
      open.delete(comm.id);
      comm.close();
    },
  };
}

/** How a value that is a widget is shown: as the widget where a front end has widgets, else as `text`. */
export function widgetBundle(model: Pick<Model, "id">, text: string): MimeBundle {
  return { [VIEW_MIME]: { version_major: 2, version_minor: 0, model_id: model.id }, "text/plain": text };
}

/** The members by which an object shows itself as the widget of a model. */
export function shownAs(model: Pick<Model, "id">, text: () => string) {
  return { [DISPLAY]: () => widgetBundle(model, text()), [inspect.custom]: text };
}
