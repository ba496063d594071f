import type { PageData } from "../page-data.js";
import { type Mark, marksCsvBi, marksJson, marksTsv, readMarks, recordingName } from "../view/marks.js";
import { clock } from "../view/steps.js";
import { byId } from "./controls.mjs";

/** A reader's marks of this recording, kept by the browser until they are deleted. */
export interface Marks {
  readonly all: readonly Mark[];
  add(mark: Mark): void;
}

interface Hooks {
  /** Draws again. */
  changed(): void;
  say(text: string): void;
  show(seconds: number): void;
  /** What is selected on the page, if anything. */
  selection(): { startSeconds: number; endSeconds: number } | undefined;
}

const keyOf = ({ id, stem }: PageData) => `ictal-review-marks ${stem} ${id}`;

function stored(data: PageData): Mark[] {
  try {
    const text = localStorage.getItem(keyOf(data));
    return text === null ? [] : readMarks("stored.json", text, data.labels);
  } catch {
    return []; // a browser may refuse storage to pages of files, or hold what another version wrote
  }
}

function store(data: PageData, marks: readonly Mark[]): void {
  try {
    if (marks.length === 0) localStorage.removeItem(keyOf(data));
    else localStorage.setItem(keyOf(data), marksJson(marks, recordingOf(data)));
  } catch {
    // the marks then live as long as the page
  }
}

const recordingOf = ({ id, stem, signals }: PageData) => ({ id, stem, durationSeconds: signals.durationSeconds });

function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function field(type: string, value: string, name: string, change: (value: string) => void): HTMLInputElement {
  const input = document.createElement("input");
  input.type = type;
  input.value = value;
  input.setAttribute("aria-label", name);
  if (type === "number") input.step = "0.01";
  input.addEventListener("change", () => change(input.value));
  return input;
}

function labelMenu(data: PageData, label: string, change: (label: string) => void): HTMLSelectElement {
  const select = document.createElement("select");
  select.setAttribute("aria-label", "label");
  const options = data.labels.map((each) => new Option(`${each.label}: ${each.meaning}`, each.label));
  select.replaceChildren(...options, new Option("note only", ""));
  select.value = label;
  select.addEventListener("change", () => change(select.value));
  return select;
}

/** Lets the reader add, change, delete, save and load marks. */
export function connectMarks(data: PageData, hooks: Hooks): Marks {
  let marks = stored(data);
  const { durationSeconds } = data.signals;
  const set = (next: readonly Mark[]) => {
    marks = [...next].sort((a, b) => a.startSeconds - b.startSeconds);
    store(data, marks);
    fill();
    hooks.changed();
  };
  const replace = (mark: Mark, change: Partial<Mark>) => {
    const next = { ...mark, ...change };
    const isInside =
      next.startSeconds >= 0 && next.endSeconds > next.startSeconds && next.endSeconds <= durationSeconds;
    if (!isInside) hooks.say(`a mark lies within 0 and ${durationSeconds.toFixed(2)} s and ends after its start`);
    set(marks.map((each) => (each === mark && isInside ? next : each)));
  };
  const rowOf = (mark: Mark) => {
    const go = document.createElement("button");
    go.type = "button";
    go.textContent = clock(mark.startSeconds, 0.1);
    go.addEventListener("click", () => hooks.show(mark.startSeconds));
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "✕";
    remove.setAttribute("aria-label", "delete the mark");
    remove.addEventListener("click", () => set(marks.filter((each) => each !== mark)));
    const seconds = (key: "startSeconds" | "endSeconds", name: string) =>
      field("number", mark[key].toFixed(2), name, (value) => replace(mark, { [key]: Number(value) }));
    const cells = [
      go,
      seconds("startSeconds", "start in seconds"),
      seconds("endSeconds", "end in seconds"),
      labelMenu(data, mark.label, (label) => replace(mark, { label })),
      field("text", mark.note, "note", (note) => replace(mark, { note })),
      remove,
    ];
    const row = document.createElement("tr");
    row.append(
      ...cells.map((content) => {
        const cell = document.createElement("td");
        cell.append(content);
        return cell;
      }),
    );
    return row;
  };
  const fill = () => {
    byId("mark-rows").replaceChildren(...marks.map(rowOf));
    byId("mark-count").textContent = `marks (${marks.length})`;
  };
  const add = (mark: Mark) => set([...marks, mark]);
  connectSaving(data, () => marks, hooks);
  byId("mark-add").addEventListener("click", () => {
    const selected = hooks.selection();
    if (selected) add({ ...selected, label: "seiz", note: "" });
    else hooks.say("drag over the EEG first: what is selected becomes a mark");
  });
  const take = (events: readonly { startSeconds: number; endSeconds: number; label: string }[]) => {
    const known = (label: string) => (data.labels.some((each) => each.label === label) ? label : "seiz");
    set([...marks, ...events.map((each) => ({ ...each, label: known(each.label), note: "" }))]);
  };
  byId("take-reference").addEventListener("click", () => take(data.reference));
  byId("take-detections").addEventListener("click", () => take(data.detector?.hypothesis ?? []));
  byId("marks-load").addEventListener("change", (event) => {
    const input = event.target as HTMLInputElement;
    const [file] = Array.from(input.files ?? []);
    if (!file) return;
    file
      .text()
      .then((text) => set([...marks, ...readMarks(file.name, text, data.labels)]))
      .then(() => hooks.say(`marks of ${file.name} added`))
      .catch((error: Error) => hooks.say(`${file.name} cannot be read: ${error.message}`))
      .finally(() => {
        input.value = ""; // so that the same file can be chosen again
      });
  });
  fill();
  return {
    get all() {
      return marks;
    },
    add,
  };
}

function connectSaving(data: PageData, marks: () => readonly Mark[], { say }: Hooks): void {
  const recording = recordingOf(data);
  const name = recordingName(data);
  const save = (id: string, ending: string, write: () => string) =>
    byId(id).addEventListener("click", () => {
      download(`${name}${ending}`, write());
      const notes = marks().filter(({ label }) => label === "").length;
      const lost =
        notes > 0 && ending !== ".marks.json" ? `; ${notes} notes without a label are in the JSON alone` : "";
      say(`${name}${ending} saved${lost}`);
    });
  save("save-csv", ".csv_bi", () => marksCsvBi(marks(), recording));
  save("save-tsv", "_events.tsv", () => marksTsv(marks(), recording, data.labels));
  save("save-json", ".marks.json", () => marksJson(marks(), recording));
}
