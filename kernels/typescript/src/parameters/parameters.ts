import { type CodeCell, hasTag, type Notebook } from "../notebook/notebook-file.js";
import { ts } from "../typescript.js";

/** One parameter that a notebook declares in its cell tagged `parameters`. */
export interface ParameterInfo {
  readonly name: string;
  /** Declared or inferred type, in the notebook's language; "unknown" where there is neither. */
  readonly type: string;
  /** True when the cell writes the type out. */
  readonly declared: boolean;
  /** The default as it stands in the source; undefined when there is none. */
  readonly defaultText: string | undefined;
  /** The default as a JSON value, or a bigint; undefined when it is not a literal. */
  readonly defaultValue: unknown;
  /** The comment that ends its line. */
  readonly help: string;
  /** `const`, `let` or `var`; undefined in languages without. */
  readonly keyword: string | undefined;
}

export type ParameterLanguage = "typescript" | "python";

/** Language in which values are injected: Python for Python kernels, else TypeScript. */
export function parameterLanguage(language: string): ParameterLanguage {
  return language.toLowerCase().startsWith("python") ? "python" : "typescript";
}

/** The cells tagged `parameters`; more than one is a mistake, for the later would undo what is injected after the first. */
export function parametersCells(notebook: Notebook): CodeCell[] {
  return notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === "code" && hasTag(cell, "parameters"));
}

/** The first cell tagged `parameters`, if the notebook has one. */
export function parametersCell(notebook: Notebook): CodeCell | undefined {
  return parametersCells(notebook)[0];
}

const KEYWORDS: ReadonlyMap<ts.SyntaxKind, { readonly value: boolean | null }> = new Map([
  [ts.SyntaxKind.TrueKeyword, { value: true }],
  [ts.SyntaxKind.FalseKeyword, { value: false }],
  [ts.SyntaxKind.NullKeyword, { value: null }],
]);

/** The JSON value of a literal expression, wrapped; undefined when it is not a literal. */
function literalValue(node: ts.Expression): { value: unknown } | undefined {
  if (ts.isNumericLiteral(node)) return { value: Number(node.text) };
  if (ts.isBigIntLiteral(node)) return { value: BigInt(node.text.slice(0, -1)) };
  if (ts.isIdentifier(node) && (node.text === "NaN" || node.text === "Infinity")) return { value: Number(node.text) };
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return { value: node.text };
  const keyword = KEYWORDS.get(node.kind);
  if (keyword) return keyword;
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isParenthesizedExpression(node))
    return literalValue(node.expression);
  if (ts.isPrefixUnaryExpression(node)) return signedValue(node);
  if (ts.isArrayLiteralExpression(node)) return listValue(node);
  return ts.isObjectLiteralExpression(node) ? objectValue(node) : undefined;
}

/** Of a number with a sign before it. */
function signedValue({ operand: inner, operator }: ts.PrefixUnaryExpression): { value: unknown } | undefined {
  const operand = literalValue(inner)?.value;
  if (typeof operand === "bigint" && operator === ts.SyntaxKind.MinusToken) return { value: -operand };
  if (typeof operand !== "number") return undefined;
  if (operator === ts.SyntaxKind.MinusToken) return { value: -operand };
  return operator === ts.SyntaxKind.PlusToken ? { value: operand } : undefined;
}

function listValue({ elements }: ts.ArrayLiteralExpression): { value: unknown } | undefined {
  const members = elements.map(literalValue);
  const values = members.flatMap((member) => (member === undefined ? [] : [member.value]));
  return values.length === members.length ? { value: values } : undefined;
}

function objectValue(node: ts.ObjectLiteralExpression): { value: unknown } | undefined {
  const members: [string, unknown][] = [];
  for (const property of node.properties) {
    if (!ts.isPropertyAssignment(property)) return undefined;
    const { name } = property;
    if (!ts.isIdentifier(name) && !ts.isStringLiteral(name) && !ts.isNumericLiteral(name)) return undefined;
    const value = literalValue(property.initializer);
    if (value === undefined) return undefined;
    members.push([name.text, value.value]);
  }
  return { value: Object.fromEntries(members) };
}

/** TypeScript's name for the type of a JSON value, widened as an inferred variable's would be. */
export function typeOfValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) {
    const types = [...new Set(value.map(typeOfValue))];
    if (types.length === 0) return "unknown[]";
    return types.length === 1 ? `${types[0]}[]` : `(${types.join(" | ")})[]`;
  }
  return typeof value === "object" ? "object" : typeof value;
}

function typescriptParameters(source: string): ParameterInfo[] {
  const file = ts.createSourceFile("parameters.ts", source, ts.ScriptTarget.Latest, true);
  const keywordOf = (flags: ts.NodeFlags) =>
    flags & ts.NodeFlags.Const ? "const" : flags & ts.NodeFlags.Let ? "let" : "var";
  const helpAfter = (end: number) => {
    const range = ts.getTrailingCommentRanges(source, end)?.[0];
    return range
      ? source
          .slice(range.pos, range.end)
          .replace(/^\/[/*]\s*|\s*\*\/$/g, "")
          .trim()
      : "";
  };
  return file.statements.filter(ts.isVariableStatement).flatMap(({ declarationList, end }) =>
    declarationList.declarations.flatMap((declaration): ParameterInfo[] => {
      if (!ts.isIdentifier(declaration.name)) return [];
      const literal = declaration.initializer && literalValue(declaration.initializer);
      return [
        {
          name: declaration.name.text,
          type: declaration.type?.getText(file) ?? (literal ? typeOfValue(literal.value) : "unknown"),
          declared: declaration.type !== undefined,
          defaultText: declaration.initializer?.getText(file),
          defaultValue: literal?.value,
          help: helpAfter(end),
          keyword: keywordOf(declarationList.flags),
        },
      ];
    }),
  );
}

const PYTHON_LINE =
  /^(?<name>[A-Za-z_]\w*)\s*(?::\s*(?<type>[^=#]+?))?\s*=\s*(?<value>(?:"[^"]*"|'[^']*'|[^#"'])+?)\s*(?:#\s*(?<help>.*))?$/;

function pythonValue(text: string): unknown {
  const digits = text.replaceAll("_", "");
  if (/^-?\d+$/.test(digits) && !Number.isSafeInteger(Number(digits))) return BigInt(digits);
  if (/^-?(\d[\d_]*)(\.\d*)?(e[+-]?\d+)?$/i.test(text)) return Number(digits);
  if (text === "True" || text === "False") return text === "True";
  if (text === "None") return null;
  const quoted = /^(["'])([^\\]*)\1$/.exec(text);
  return quoted ? quoted[2] : undefined;
}

function pythonType(text: string, value: unknown): string {
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return /[.e]/i.test(text) ? "float" : "int";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "str";
  return value === null ? "None" : "unknown";
}

function pythonParameters(source: string): ParameterInfo[] {
  return source.split("\n").flatMap((line): ParameterInfo[] => {
    const { name, value: defaultText, type: declared, help = "" } = PYTHON_LINE.exec(line)?.groups ?? {};
    if (name === undefined || defaultText === undefined) return [];
    const defaultValue = pythonValue(defaultText);
    const type = declared ?? pythonType(defaultText, defaultValue);
    return [
      {
        name,
        type,
        declared: declared !== undefined,
        defaultText,
        defaultValue,
        help,
        keyword: undefined,
      },
    ];
  });
}

/** The parameters that the notebook's cell tagged `parameters` declares, in order; none without such a cell. */
export function readParameters(notebook: Notebook, language: ParameterLanguage): ParameterInfo[] {
  const source = parametersCell(notebook)?.source ?? "";
  return language === "python" ? pythonParameters(source) : typescriptParameters(source);
}
