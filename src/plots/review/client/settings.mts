import type { MontageName } from "../view/montages.js";
import type { ViewState } from "../view/state.js";

/** How a reader likes to see pages, kept by the browser from one recording to the next. */
type Settings = Omit<ViewState, "startSeconds" | "cursorSeconds">;

const KEY = "ictal-review";
const isNumber = (value: unknown): value is number => typeof value === "number" && value > 0;
const isFilter = (value: unknown) => value === null || isNumber(value);

const CHECKS: { readonly [K in keyof Settings]: (value: unknown) => boolean } = {
  pageSeconds: isNumber,
  microvoltsPerMillimetre: isNumber,
  pixelsPerMillimetre: isNumber,
  highPassHz: isFilter,
  lowPassHz: isFilter,
  notchHz: isFilter,
  montage: (value) => typeof value === "string",
};

/** The settings of the last page; invalid ones are ignored. */
export function readSettings(montages: readonly MontageName[]): Partial<Settings> {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, unknown>;
    const good = Object.entries(CHECKS).filter(
      ([key, check]) => check(stored[key]) && (key !== "montage" || montages.includes(stored[key] as MontageName)),
    );
    return Object.fromEntries(good.map(([key]) => [key, stored[key]]));
  } catch {
    return {}; // a browser may refuse storage to pages of files
  }
}

export function writeSettings({ startSeconds: _, cursorSeconds: __, ...settings }: ViewState): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // the settings then hold for this page alone
  }
}
