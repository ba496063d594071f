import type { Notebook } from "../notebook/notebook-file.js";
import { type CommContent, isMessage, type Message } from "../wire/message.js";

const TARGET = "jupyter.widget";
const STATE_MIME = "application/vnd.jupyter.widget-state+json";

type State = Record<string, unknown>;

interface Buffered {
  readonly encoding: "base64";
  readonly path: readonly unknown[];
  readonly data: string;
}

interface Widget {
  state: State;
  buffers: Buffered[];
}

/** What a message about a widget says: its state, or what changed of it, and raw bytes of members. */
function changeOf({ content, buffers }: Message): Widget | undefined {
  const { data } = content as unknown as CommContent; // of a comm's message, as isMessage says
  const {
    state,
    buffer_paths: paths = [],
    method = "update",
  } = (data ?? {}) as { state?: unknown; buffer_paths?: unknown; method?: unknown };
  if (typeof state !== "object" || state === null || method !== "update") return undefined;
  const list = Array.isArray(paths) ? paths : [];
  const known = buffers.slice(0, list.length).map((bytes, i): Buffered => {
    return { encoding: "base64", path: list[i] as readonly unknown[], data: Buffer.from(bytes).toString("base64") };
  });
  return { state: state as State, buffers: known };
}

/** Follows the widgets of a run, so that a reader of the executed notebook sees them as they were at its end. */
export interface WidgetStates {
  /** Takes note of a message of a cell. */
  note(message: Message): void;
  /** Stores the states where Jupyter's front ends look for them, in place of those of an earlier run. Changes `notebook`. */
  store(notebook: Notebook): void;
}

export function createWidgetStates(): WidgetStates {
  const widgets = new Map<string, Widget>();
  return {
    note(message) {
      if (isMessage(message, "comm_open") && message.content.target_name === TARGET) {
        widgets.set(message.content.comm_id, changeOf(message) ?? { state: {}, buffers: [] });
      } else if (isMessage(message, "comm_msg")) {
        const widget = widgets.get(message.content.comm_id);
        const change = widget && changeOf(message);
        if (!widget || !change) return;
        widget.state = { ...widget.state, ...change.state };
        const isReplaced = ({ path }: Buffered) => change.buffers.some((other) => other.path[0] === path[0]);
        widget.buffers = [...widget.buffers.filter((buffer) => !isReplaced(buffer)), ...change.buffers];
      } else if (isMessage(message, "comm_close")) widgets.delete(message.content.comm_id);
    },
    store(notebook) {
      delete notebook.metadata.widgets;
      if (widgets.size === 0) return;
      const state = Object.fromEntries(
        [...widgets].map(([id, { state, buffers }]) => {
          const { _model_name: model_name, _model_module: model_module, _model_module_version } = state;
          const names = { model_name, model_module, model_module_version: _model_module_version };
          return [id, { ...names, state, ...(buffers.length > 0 ? { buffers } : {}) }];
        }),
      );
      notebook.metadata.widgets = { [STATE_MIME]: { version_major: 2, version_minor: 0, state } };
    },
  };
}
