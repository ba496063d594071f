import type { PageData } from "../page-data.js";
import { clock } from "../view/steps.js";
import { byId } from "./controls.mjs";

interface Row {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly what: string;
  readonly note: string;
}

function rowsOf({ reference, detector }: PageData): Row[] {
  const rows: Row[] = [
    ...reference.map((event) => ({ ...event, what: "reference", note: event.label })),
    ...(detector?.hypothesis ?? []).map((event) => ({
      ...event,
      what: "detected",
      note: event.confidence === undefined ? "" : `confidence ${event.confidence.toFixed(2)}`,
    })),
    ...(detector?.misses ?? []).map((event) => ({ ...event, what: "▼ missed", note: "" })),
    ...(detector?.falseAlarms ?? []).map((event) => ({ ...event, what: "✕ false alarm", note: "" })),
  ];
  return rows.sort((a, b) => a.startSeconds - b.startSeconds);
}

/** Lists all events; a click on one shows it. */
export function fillEventList(data: PageData, show: (seconds: number) => void): void {
  const rows = rowsOf(data).map(({ startSeconds, endSeconds, what, note }) => {
    const row = document.createElement("tr");
    const button = document.createElement("button");
    button.textContent = clock(startSeconds, 0.1);
    button.addEventListener("click", () => show(startSeconds));
    const cells = [button, `${(endSeconds - startSeconds).toFixed(1)} s`, what, note];
    row.append(
      ...cells.map((content) => {
        const cell = document.createElement("td");
        cell.append(content);
        return cell;
      }),
    );
    return row;
  });
  byId("event-rows").replaceChildren(...rows);
  byId("event-count").textContent = `list (${rows.length})`;
}
