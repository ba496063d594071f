/** Text tables of annotations (csv, tsv) with columns matched by name: any order, case, quoting and extra columns are accepted. */

import { FormatError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import { parse } from "csv-parse/sync";
import type { Finding, FindingCode } from "./finding.js";

export interface TableOptions {
  readonly file: string;
  /** 1-based line of the column line in the file. */
  readonly firstLine: number;
  readonly delimiter: "," | "\t";
  /** Names as the format writes them, in its order. */
  readonly columns: readonly string[];
  /** Those without which no row can be read. */
  readonly required: readonly string[];
  /** Other content shows that this is an annotation file, whatever its columns. @default false */
  readonly isOwn?: boolean | undefined;
}

/** A row's fields by the column names of the format, without surrounding blanks and quotes. */
export interface TableRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, string | undefined>>;
}

/**
 * Rows of the lines from the column line on. FormatError when the column line lacks a required name or repeats one; a row
 * with another number of fields than the column line is an error finding.
 */
export function readTable(
  lines: readonly string[],
  options: TableOptions,
): { rows: TableRow[]; findings: readonly Finding[] } {
  const { file, firstLine, delimiter } = options;
  const findings: Finding[] = [];
  const records = splitLines(lines, delimiter).map((fields, i) => recordOf(fields, firstLine + i));
  const [header = recordOf([], firstLine), ...body] = records;
  const note = (code: FindingCode, message: string) =>
    findings.push({ file, code, severity: "info", message, action: "none needed; other tools may refuse the file" });
  const filled = body.filter(({ isBlank }) => !isBlank);
  if (header.hasBlanks || filled.some(({ hasBlanks }) => hasBlanks))
    note("blanks-around-fields", "fields have blanks around them");
  if (header.isQuoted || filled.some(({ isQuoted }) => isQuoted)) note("quoted-fields", "fields are quoted");
  const found = header.texts;
  const places = columnIndices(found, options);
  if (found.join(delimiter) !== options.columns.join(delimiter)) note("columns-by-name", columnsNote(found, options));
  const rows: TableRow[] = [];
  for (const { texts, line, isComment } of filled) {
    if (isComment) continue;
    if (texts.length !== found.length) {
      findings.push(rowWidthFinding(file, line, texts.length, found.length));
      continue;
    }
    const fields: Record<string, string | undefined> = {};
    for (const [name, place] of places) fields[name] = texts[place];
    rows.push({ line, fields });
  }
  return { rows, findings };
}

/** One line of a table. */
interface TableRecord {
  readonly line: number;
  /** Fields without the blanks and quotes around them. */
  readonly texts: readonly string[];
  readonly hasBlanks: boolean;
  readonly isQuoted: boolean;
  readonly isBlank: boolean;
  readonly isComment: boolean;
}

function recordOf(fields: readonly string[], line: number): TableRecord {
  let [hasBlanks, isQuoted, isBlank] = [false, false, true];
  const texts = fields.map((field) => {
    const trimmed = field.trim();
    const text = unquoted(trimmed);
    hasBlanks ||= trimmed.length !== field.length;
    isQuoted ||= text !== trimmed;
    isBlank &&= trimmed === "";
    return text;
  });
  return { line, texts, hasBlanks, isQuoted, isBlank, isComment: fields[0]?.trimStart().startsWith("#") === true };
}

/** Fields of each line. Quotes are only special where they surround a field; a record never spans lines. */
function splitLines(lines: readonly string[], delimiter: string): string[][] {
  if (!lines.some((line) => line.includes('"'))) return lines.map((line) => line.split(delimiter)); // a corpus has thousands
  const plain = { delimiter, quote: null, relax_column_count: true, record_delimiter: "\n", skip_empty_lines: false };
  const records = parse(lines.join("\n"), plain);
  return records.map((fields, i) => {
    const line = lines[i] ?? "";
    if (!line.includes('"') || fields.every((field) => /^\s*("[^"]*"|[^"]*)\s*$/.test(field))) return fields;
    return quotedFields(line, delimiter) ?? fields;
  });
}

/** Fields of a line in which quotes hold a delimiter; undefined when the quotes do not pair. */
function quotedFields(line: string, delimiter: string): string[] | undefined {
  try {
    return parse(line, { delimiter, quote: '"', relax_quotes: true, relax_column_count: true, trim: true })[0];
  } catch {
    return undefined;
  }
}

function unquoted(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).trim() : text;
}

const plainName = (name: string) => name.toLowerCase().replaceAll(/[\s_-]/g, "");

/** Names of the format with the index of each in the column line. */
function columnIndices(found: readonly string[], options: TableOptions): (readonly [string, number])[] {
  const { file, firstLine, columns, required, delimiter, isOwn = false } = options;
  const plain = found.map(plainName);
  const places = columns.flatMap((name) => {
    const place = plain.indexOf(plainName(name));
    return place < 0 ? [] : [[name, place] as const];
  });
  const expected = `${columns.join(" ")}, separated by ${delimiter === "\t" ? "tabs" : "commas"}`;
  if (places.length === 0)
    // the line may hold a person's name, so it is not quoted
    throw new FormatError(
      `${found.length} columns found, none of which is an annotation column; expected ${expected}`,
      {
        ...{ file, line: firstLine },
        ...(isOwn ? {} : { field: "columns" }),
      },
    );
  const missing = required.filter((name) => !places.some(([known]) => known === name));
  const [firstMissing] = missing;
  if (firstMissing !== undefined) {
    const shown = JSON.stringify(
      found
        .map((name) => name.slice(0, 20))
        .join(" ")
        .slice(0, 200),
    );
    const nearest = nearestName(firstMissing, found);
    const hint = nearest ? `; did "${nearest}" mean "${firstMissing}"?` : "";
    const message = `columns ${shown} found, without ${missing.join(", ")}; expected ${expected}${hint}`;
    throw new FormatError(message, { file, line: firstLine });
  }
  const twice = places.find(([name]) => plain.filter((each) => each === plainName(name)).length > 1);
  if (twice) throw new FormatError(`the column ${twice[0]} occurs twice; delete one`, { file, line: firstLine });
  return places;
}

function columnsNote(found: readonly string[], { columns }: TableOptions): string {
  const known = new Set(columns.map(plainName));
  const others = found.filter((name) => !known.has(plainName(name))).map((name) => JSON.stringify(name.slice(0, 40)));
  const some = `${others.slice(0, 5).join(", ")}${others.length > 5 ? ", ..." : ""}`;
  return `columns are read by name${others.length > 0 ? `; ignored: ${some}` : ""}`;
}

/** The finding for a row with the wrong number of fields. */
export function rowWidthFinding(file: string, line: number, found: number, expected: number): Finding {
  return {
    file,
    line,
    code: "row-width",
    severity: "error",
    message: `the row has ${found} fields, ${expected} expected; it is ignored, so the labels of the recording are unknown`,
    action: "complete the row or delete it",
  };
}
