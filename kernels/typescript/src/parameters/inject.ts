import { type CodeCell, hasTag, type Notebook, newCellId } from "../notebook/notebook-file.js";
import { type ParameterInfo, type ParameterLanguage, parametersCell, typeOfValue } from "./parameters.js";

function pythonNumber(value: number): string {
  if (Number.isNaN(value)) return 'float("nan")';
  if (!Number.isFinite(value)) return value > 0 ? 'float("inf")' : 'float("-inf")';
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/** A value as a Python literal. */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "number") return pythonNumber(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, member]) => `${JSON.stringify(key)}: ${pythonLiteral(member)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value);
}

/** A value as a TypeScript literal: all numbers as they are, with NaN, infinities, -0 and bigints. */
export function typescriptLiteral(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(typescriptLiteral).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${typescriptLiteral(member)}`);
  return `{${members.join(",")}}`;
}

/** Widened type for the annotation of an injected value; undefined where inference gives the same or knows more. */
function annotationOf(parameter: ParameterInfo | undefined, value: unknown): string | undefined {
  if (parameter?.declared) return parameter.type;
  const scalar = typeOfValue(value);
  return ["number", "string", "boolean", "bigint"].includes(scalar) ? scalar : undefined;
}

/** Source of the injected cell: one declaration per value, under the type that the notebook declares. */
export function injectedSource(
  values: Readonly<Record<string, unknown>>,
  parameters: readonly ParameterInfo[],
  language: ParameterLanguage,
): string {
  const entries = Object.entries(values);
  if (language === "python")
    return ["# Parameters", ...entries.map(([name, value]) => `${name} = ${pythonLiteral(value)}`)].join("\n");
  const lines = entries.map(([name, value]) => {
    const parameter = parameters.find((candidate) => candidate.name === name);
    const annotation = annotationOf(parameter, value);
    return `${parameter?.keyword ?? "const"} ${name}${annotation ? `: ${annotation}` : ""} = ${typescriptLiteral(value)};`;
  });
  return ["// Parameters", ...lines].join("\n");
}

/**
 * Puts the values into a cell tagged `injected-parameters` right after the cell tagged `parameters`, in place of any
 * that stands in the notebook; with no values such a cell is only taken out. Changes `notebook`.
 */
export function injectParameters(
  notebook: Notebook,
  values: Readonly<Record<string, unknown>>,
  parameters: readonly ParameterInfo[],
  language: ParameterLanguage,
): void {
  notebook.cells = notebook.cells.filter((cell) => !hasTag(cell, "injected-parameters"));
  if (Object.keys(values).length === 0) return;
  const cell: CodeCell = {
    cell_type: "code",
    id: newCellId(),
    metadata: { tags: ["injected-parameters"] },
    source: injectedSource(values, parameters, language),
    outputs: [],
    execution_count: null,
  };
  const defaults = parametersCell(notebook);
  const place = defaults ? notebook.cells.indexOf(defaults) + 1 : 0;
  notebook.cells.splice(place, 0, cell);
}
