import { MONTAGE_NAMES, MONTAGE_TITLES, type MontageName, usableMontages } from "../view/montages.js";
import { type ViewState, withPage } from "../view/state.js";
import { clock, HIGH_PASS_HZ, LOW_PASS_HZ, NOTCH_HZ, PAGE_SECONDS, SENSITIVITIES } from "../view/steps.js";
import type { Action, ActionName } from "./actions.mjs";
import type { LoadedPage } from "./load.mjs";

/** The element with an id; the page holds all that are asked for. */
export function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

type Change = (next: (state: ViewState) => ViewState) => void;

function fill(
  id: string,
  options: readonly (readonly [string, string, boolean?])[],
  change: (value: string) => void,
): void {
  const select = byId<HTMLSelectElement>(id);
  select.replaceChildren(
    ...options.map(([value, text, isDisabled = false]) => {
      const option = new Option(text, value);
      option.disabled = isDisabled;
      return option;
    }),
  );
  select.addEventListener("change", () => {
    change(select.value);
    select.blur(); // so that the keys move the page again
  });
}

const secondsText = (seconds: number) =>
  seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${seconds / 60} min` : `${seconds / 3600} h`;
const orNull = (value: string) => (value === "" ? null : Number(value));

/** Fills the menus and lets them change the state. */
export function connectControls({ data }: LoadedPage, change: Change): void {
  const { durationSeconds, sampleRateHz, channels } = data.signals;
  const nyquist = sampleRateHz / 2;
  const lengths = PAGE_SECONDS.filter(
    (seconds, i) => i < 2 || PAGE_SECONDS[i - 1]! < durationSeconds || seconds === 30,
  );
  fill(
    "page",
    lengths.map((seconds) => [String(seconds), secondsText(seconds)]),
    (value) => change((state) => withPage(state, Number(value), durationSeconds)),
  );
  fill(
    "sensitivity",
    SENSITIVITIES.map((value) => [String(value), `${value} µV/mm`]),
    (value) => change((state) => ({ ...state, microvoltsPerMillimetre: Number(value) })),
  );
  const usable = usableMontages(channels);
  const montages = MONTAGE_NAMES.map((name) => [name, MONTAGE_TITLES[name]] as const);
  fill(
    "montage",
    montages.map(([name, title]) => [name, title, !usable.includes(name)]),
    (value) => change((state) => ({ ...state, montage: value as MontageName })), // filled with these above
  );
  const filters = [
    ["highPass", HIGH_PASS_HZ, "highPassHz"],
    ["lowPass", LOW_PASS_HZ, "lowPassHz"],
    ["notch", NOTCH_HZ, "notchHz"],
  ] as const;
  for (const [id, list, key] of filters) {
    const options = list.map((hertz) => [String(hertz), `${hertz} Hz`, hertz >= nyquist] as const);
    fill(id, [["", "off"], ...options], (value) => change((state) => ({ ...state, [key]: orNull(value) })));
  }
  const ruler = byId<HTMLInputElement>("ruler");
  ruler.addEventListener("input", () => {
    const millimetres = Number(ruler.value);
    if (millimetres >= 20 && millimetres <= 400)
      change((state) => ({ ...state, pixelsPerMillimetre: 378 / millimetres }));
  });
}

/** Shows a state in the menus and the line of facts. */
export function showState(state: ViewState, { data }: LoadedPage, missing: readonly string[]): void {
  const values = {
    page: state.pageSeconds,
    sensitivity: state.microvoltsPerMillimetre,
    montage: state.montage,
    highPass: state.highPassHz ?? "",
    lowPass: state.lowPassHz ?? "",
    notch: state.notchHz ?? "",
  };
  for (const [id, value] of Object.entries(values)) byId<HTMLSelectElement>(id).value = String(value);
  const end = Math.min(data.signals.durationSeconds, state.startSeconds + state.pageSeconds);
  const lacking = missing.length > 0 ? ` · not recorded: ${missing.join(", ")}` : "";
  byId("where").textContent =
    `${clock(state.startSeconds, 0.1)} to ${clock(end, 0.1)} of ${clock(data.signals.durationSeconds)}${lacking}`;
  byId("shown-as").textContent =
    `${MONTAGE_TITLES[state.montage]}, ${state.microvoltsPerMillimetre} µV/mm, ${state.highPassHz ?? 0} to ${state.lowPassHz ?? data.signals.sampleRateHz / 2} Hz${state.notchHz === null ? "" : `, notch ${state.notchHz} Hz`}`;
}

/** Seconds of "3723", "62:03" or "1:02:03"; undefined for other texts. */
export function secondsOf(text: string): number | undefined {
  const match = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)$/.exec(text.trim());
  if (!match) return undefined;
  const [, hours = "0", minutes = "0", seconds = "0"] = match;
  return 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds);
}

/** The field that goes to a time; `g` leads to it. */
export function connectGoTo(show: (seconds: number) => void, say: (text: string) => void): void {
  const input = byId<HTMLInputElement>("go-to");
  input.addEventListener("change", () => {
    const seconds = secondsOf(input.value);
    if (seconds === undefined) say(`"${input.value}" is no time; seconds, M:SS or H:MM:SS expected`);
    else show(seconds);
    input.blur(); // so that the keys move the page again
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "g" || event.target !== document.body || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    input.select();
  });
}

/** Buttons carry the name of their action; one that would find nothing is disabled. */
export function connectButtons(actions: Readonly<Record<ActionName, Action>>, run: (action: Action) => void): void {
  for (const button of Array.from(document.querySelectorAll<HTMLButtonElement>("button[data-action]"))) {
    const action = actions[button.dataset.action as ActionName]; // the page's buttons carry only such names
    button.title = `${action.title} (${action.keys.map(keyText).join(", ")})`;
    button.setAttribute("aria-label", action.title);
    button.addEventListener("click", () => run(action));
  }
}

const KEY_TEXTS: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  PageUp: "Page ↑",
  PageDown: "Page ↓",
  " ": "space",
};

/** A key as printed on keyboards. */
export function keyText(key: string): string {
  return KEY_TEXTS[key] ?? key;
}

/** Keys run actions, but not while a menu or a field has them. */
export function connectKeys(actions: Readonly<Record<ActionName, Action>>, run: (action: Action) => void): void {
  const byKey = new Map(Object.values(actions).flatMap((action) => action.keys.map((key) => [key, action] as const)));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "?") return toggleHelp();
    if (event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement) return;
    if (event.target instanceof HTMLButtonElement && event.key === " ") return;
    if (byId<HTMLDialogElement>("help").open) return;
    const action = byKey.get(event.key);
    if (!action) return;
    event.preventDefault();
    run(action);
  });
}

/** Opens the help panel, or closes it. */
export function toggleHelp(): void {
  const help = byId<HTMLDialogElement>("help");
  if (help.open) help.close();
  else help.showModal();
}

/** Lists the keys in the help panel. */
export function fillHelp(actions: Readonly<Record<ActionName, Action>>): void {
  const rows = Object.values(actions).map(({ keys, title }) => {
    const row = document.createElement("tr");
    const cell = document.createElement("td");
    for (const key of keys) {
      const mark = document.createElement("kbd");
      mark.textContent = keyText(key);
      cell.append(mark, " ");
    }
    const text = document.createElement("td");
    text.textContent = title;
    row.append(cell, text);
    return row;
  });
  byId("keys").replaceChildren(...rows);
}
