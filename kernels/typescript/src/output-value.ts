import { DISPLAY, display } from "./display.js";
import { formatExactJson } from "./wire/exact-json.js";

/** As in runner/values.ts, which reads it; scrapbook reads it too. */
const VALUE_MIME = "application/scrapbook.scrap.json+json";
const MOST_CHARACTERS = 80;

/** Throws a RangeError for what JSON cannot hold. */
function requireJson(name: string, value: unknown): string {
  const refuse = (what: string, cause?: unknown): never => {
    throw new RangeError(`invalid value of ${name}: ${what}; numbers, texts, lists and plain objects can be recorded`, {
      cause,
    });
  };
  if (value === undefined || typeof value === "function" || typeof value === "symbol") return refuse(typeof value);
  try {
    return formatExactJson(value);
  } catch (cause) {
    return refuse((cause as Error).message, cause);
  }
}

/**
 * Records a result of the notebook under a name: the runner stores it in the notebook's metadata and prints it with
 * `--json`, `notebook table` lists it over many runs, and scrapbook reads it. Shown as a line below the cell. The last value of a
 * name counts. RangeError for a value that JSON cannot hold (NaN and infinities become texts) or an empty name.
 */
export function output(name: string, value: unknown): void {
  if (name === "") throw new RangeError("invalid name of a value: it is empty");
  const text = requireJson(name, value);
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  const scrap = { name, data: value, encoder: "json", version: 1 };
  display({ [DISPLAY]: () => ({ [VALUE_MIME]: scrap, "text/plain": `${name} = ${shown}` }) });
}
