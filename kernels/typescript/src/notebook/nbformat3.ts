/*
 * Notebooks of nbformat 3 (IPython 0.12 to 2) in the shape of nbformat 4: worksheets are joined, headings become Markdown.
 * https://nbformat.readthedocs.io/en/latest/changelog.html#version-4
 */
import { FormatError } from "@ictal/base/errors";
import { listMember, type RawObject, rawObject, refuseMember } from "./raw-notebook.js";

/** Members of a version 3 output by their MIME types. */
const MIMES: Readonly<Record<string, string>> = {
  text: "text/plain",
  html: "text/html",
  latex: "text/latex",
  svg: "image/svg+xml",
  png: "image/png",
  jpeg: "image/jpeg",
  json: "application/json",
  javascript: "application/javascript",
};

const HIGHEST_LEVEL = 6;

function bundleOf({ members }: RawObject): Record<string, unknown> {
  const entries = Object.entries(members).flatMap(([name, data]): [string, unknown][] =>
    Object.hasOwn(MIMES, name) ? [[MIMES[name] ?? name, data]] : [],
  );
  return Object.fromEntries(entries);
}

function upgradeOutput(value: unknown, index: number, cell: RawObject): Record<string, unknown> {
  const raw = rawObject(value, {
    file: cell.file,
    field: `${cell.field}.outputs[${index}]`,
    name: `${cell.name}, output ${index + 1}`,
  });
  const { members } = raw;
  const { metadata = {} } = members;
  switch (members.output_type) {
    case "pyout":
      return {
        output_type: "execute_result",
        execution_count: members.prompt_number ?? null,
        data: bundleOf(raw),
        metadata,
      };
    case "display_data":
      return { output_type: "display_data", data: bundleOf(raw), metadata };
    case "stream":
      return {
        output_type: "stream",
        name: members.stream === "stderr" ? "stderr" : "stdout",
        text: members.text ?? "",
      };
    case "pyerr": {
      const { ename = "", evalue = "", traceback = [] } = members;
      return { output_type: "error", ename, evalue, traceback };
    }
    default:
      return refuseMember(raw, "output_type", "pyout, display_data, stream or pyerr");
  }
}

function upgradeCell(value: unknown, index: number, sheet: RawObject): Record<string, unknown> {
  const place = { file: sheet.file, field: `${sheet.field}.cells[${index}]`, name: `cell ${index + 1}` };
  const raw = rawObject(value, place);
  const { cell_type: type, metadata = {}, source = "" } = raw.members;
  switch (type) {
    case "code": {
      const { input = "", prompt_number: count = null, collapsed } = raw.members;
      const outputs = listMember(raw, "outputs").map((output, i) => upgradeOutput(output, i, raw));
      const folded = collapsed === true ? { collapsed } : {};
      const own = { ...(metadata as object), ...folded }; // spreads nothing where it is none
      return { cell_type: "code", metadata: own, source: input, execution_count: count, outputs };
    }
    case "heading": {
      const level = Math.min(HIGHEST_LEVEL, Math.max(1, Number(raw.members.level ?? 1) || 1));
      const text = Array.isArray(source) ? source.join("") : String(source);
      return {
        cell_type: "markdown",
        metadata,
        source: `${"#".repeat(level)} ${text.replace(/\s*\n\s*/g, " ").trim()}`,
      };
    }
    case "markdown":
    case "raw":
      return { cell_type: type, metadata, source };
    case "html":
      return { cell_type: "markdown", metadata, source };
    default:
      return refuseMember(raw, "cell_type", "code, markdown, heading, html or raw");
  }
}

/** The language that code cells of version 3 name; undefined when none does. */
function languageOf(cells: readonly unknown[]): string | undefined {
  const named = cells.map((cell) => (cell as { language?: unknown } | null)?.language);
  return named.find((language): language is string => typeof language === "string");
}

/** Version 4's form of a notebook of version 3. FormatError with cell and field of what is not of version 3. */
export function upgradeNotebook(notebook: RawObject): RawObject {
  const sheets = listMember(notebook, "worksheets").map((value, index) =>
    rawObject(value, { file: notebook.file, field: `worksheets[${index}]`, name: `worksheet ${index + 1}` }),
  );
  if (sheets.length === 0)
    throw new FormatError("worksheets is missing or empty; nbformat 3 was expected", {
      file: notebook.file,
      field: "worksheets",
    });
  const raw = sheets.flatMap((sheet) => listMember(sheet, "cells"));
  const cells = sheets.flatMap((sheet) =>
    listMember(sheet, "cells").map((cell, index) => upgradeCell(cell, index, sheet)),
  );
  const { metadata } = notebook.members;
  const { name: _, ...own } = typeof metadata === "object" ? { ...(metadata as Record<string, unknown>) } : {}; // a null spreads nothing
  const language = languageOf(raw);
  const named = language === undefined || "language_info" in own ? {} : { language_info: { name: language } };
  return { ...notebook, members: { nbformat: 4, nbformat_minor: 5, metadata: { ...named, ...own }, cells } };
}
