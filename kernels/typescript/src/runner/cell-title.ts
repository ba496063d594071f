import { printable, withoutControls } from "@ictal/base/printable";
import type { CodeCell, Notebook } from "../notebook/notebook-file.js";

const MAXIMUM = 72;

/** Markdown's text without its marks; a lone * or _, as in a name, is text. */
const withoutMarks = (text: string): string =>
  text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/(`+)(.+?)\1/g, "$2")
    .replace(/(\*{1,3})(?=\S)(.+?)(?<=\S)\1/g, "$2")
    .replace(/(?<!\w)(_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)/g, "$2");

function shorten(text: string): string {
  const plain = printable(withoutControls(text).replace(/\s+/g, " ").trim());
  return plain.length > MAXIMUM ? `${plain.slice(0, MAXIMUM - 1).trimEnd()}…` : plain;
}

function markdownTitle(source: string): string | undefined {
  const lines = source.split("\n").map((line) => line.trim());
  const heading = lines.filter((line) => /^#{1,6}\s/.test(line)).at(-1);
  const title = heading?.replace(/^#+\s*/, "").replace(/\s#+$/, "") ?? lines.find((line) => line !== "");
  return title && withoutMarks(title);
}

function commentTitle(source: string): string | undefined {
  const first = source
    .split("\n")
    .find((line) => line.trim() !== "")
    ?.trim();
  return /^(?:\/\/|#|\/\*+)\s*(?<text>.*?)(?:\*\/)?$/.exec(first ?? "")?.groups?.text;
}

/** What an author called a cell: the heading or first line of the Markdown cell right before it, else its first comment. */
export function cellName(notebook: Notebook, cell: CodeCell): string | undefined {
  const before = notebook.cells[notebook.cells.indexOf(cell) - 1];
  const markdown = before?.cell_type === "markdown" ? markdownTitle(before.source) : undefined;
  const comment = commentTitle(cell.source);
  const name = markdown || (comment && withoutMarks(comment));
  return name ? shorten(name) : undefined;
}

/** What a cell is called in listings: its name, else its first line of code. */
export function cellTitle(notebook: Notebook, cell: CodeCell): string {
  const code = cell.source.split("\n").find((line) => line.trim() !== "") ?? "empty cell";
  return cellName(notebook, cell) ?? shorten(code);
}
