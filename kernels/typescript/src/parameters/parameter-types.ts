/** The types that parameters are declared with, as far as a value can be checked without running the notebook. */
import { ts } from "../typescript.js";
import type { ParameterInfo, ParameterLanguage } from "./parameters.js";

export interface RecordMember {
  readonly name: string;
  readonly type: ParameterType;
  readonly optional: boolean;
}

/** "any" stands for all that only the notebook's own compiler can judge. */
export type ParameterType =
  | { readonly kind: "any" | "number" | "integer" | "bigint" | "string" | "boolean" | "null" | "object" }
  | { readonly kind: "literal"; readonly value: string | number | boolean }
  | { readonly kind: "list"; readonly item: ParameterType }
  | { readonly kind: "tuple"; readonly items: readonly ParameterType[] }
  | { readonly kind: "record"; readonly members: readonly RecordMember[]; readonly rest: ParameterType | undefined }
  | { readonly kind: "union"; readonly members: readonly ParameterType[] };

const ANY: ParameterType = { kind: "any" };

const KEYWORDS = new Map<ts.SyntaxKind, ParameterType>([
  [ts.SyntaxKind.NumberKeyword, { kind: "number" }],
  [ts.SyntaxKind.StringKeyword, { kind: "string" }],
  [ts.SyntaxKind.BooleanKeyword, { kind: "boolean" }],
  [ts.SyntaxKind.BigIntKeyword, { kind: "bigint" }],
  [ts.SyntaxKind.ObjectKeyword, { kind: "object" }],
]);

function literalType({ literal }: ts.LiteralTypeNode): ParameterType {
  if (literal.kind === ts.SyntaxKind.NullKeyword) return { kind: "null" };
  if (literal.kind === ts.SyntaxKind.TrueKeyword) return { kind: "literal", value: true };
  if (literal.kind === ts.SyntaxKind.FalseKeyword) return { kind: "literal", value: false };
  if (ts.isStringLiteral(literal) || ts.isNoSubstitutionTemplateLiteral(literal))
    return { kind: "literal", value: literal.text };
  if (ts.isNumericLiteral(literal)) return { kind: "literal", value: Number(literal.text) };
  const isNegative = ts.isPrefixUnaryExpression(literal) && literal.operator === ts.SyntaxKind.MinusToken;
  if (isNegative && ts.isNumericLiteral(literal.operand))
    return { kind: "literal", value: -Number(literal.operand.text) };
  return ANY;
}

function recordType(node: ts.TypeLiteralNode): ParameterType {
  const members: RecordMember[] = [];
  let rest: ParameterType | undefined;
  for (const member of node.members) {
    if (ts.isIndexSignatureDeclaration(member)) rest = fromNode(member.type);
    else if (ts.isPropertySignature(member) && !ts.isComputedPropertyName(member.name)) {
      const type = member.type ? fromNode(member.type) : ANY;
      members.push({ name: member.name.getText().replace(/^["']|["']$/g, ""), type, optional: !!member.questionToken });
    } else return ANY;
  }
  return { kind: "record", members, rest };
}

function referenceType({ typeName, typeArguments = [] as never }: ts.TypeReferenceNode): ParameterType {
  const name = typeName.getText();
  const [first, second] = typeArguments as readonly ts.TypeNode[];
  if (/^(?:Readonly)?Array$/.test(name) && first) return { kind: "list", item: fromNode(first) };
  if (name === "Readonly" && first) return fromNode(first);
  if (name === "Record" && second) return { kind: "record", members: [], rest: fromNode(second) };
  return ANY;
}

function fromNode(node: ts.TypeNode): ParameterType {
  const keyword = KEYWORDS.get(node.kind);
  if (keyword) return keyword;
  if (ts.isParenthesizedTypeNode(node)) return fromNode(node.type);
  if (ts.isUnionTypeNode(node)) return { kind: "union", members: node.types.map(fromNode) };
  if (ts.isArrayTypeNode(node)) return { kind: "list", item: fromNode(node.elementType) };
  if (ts.isTypeOperatorNode(node) && node.operator === ts.SyntaxKind.ReadonlyKeyword) return fromNode(node.type);
  if (ts.isLiteralTypeNode(node)) return literalType(node);
  if (ts.isTypeLiteralNode(node)) return recordType(node);
  if (ts.isTypeReferenceNode(node)) return referenceType(node);
  if (!ts.isTupleTypeNode(node)) return ANY;
  const isPlain = node.elements.every((element) => !ts.isRestTypeNode(element) && !ts.isOptionalTypeNode(element));
  const items = node.elements.map((element) => fromNode(ts.isNamedTupleMember(element) ? element.type : element));
  return isPlain ? { kind: "tuple", items } : { kind: "list", item: ANY };
}

function typescriptType(text: string): ParameterType {
  const file = ts.createSourceFile("type.ts", `type T = ${text};`, ts.ScriptTarget.Latest, true);
  const [statement] = file.statements;
  return statement && ts.isTypeAliasDeclaration(statement) ? fromNode(statement.type) : ANY;
}

const PYTHON_NAMES: Readonly<Record<string, ParameterType>> = {
  int: { kind: "integer" },
  float: { kind: "number" },
  str: { kind: "string" },
  bool: { kind: "boolean" },
  None: { kind: "null" },
  list: { kind: "list", item: ANY },
  dict: { kind: "record", members: [], rest: ANY },
};

/** The parts of `text` between `separator`s outside brackets. */
function splitOutside(text: string, separator: string): string[] {
  let depth = 0;
  const parts = [""];
  for (const character of text) {
    if (character === "[") depth += 1;
    if (character === "]") depth -= 1;
    if (character === separator && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

function pythonType(text: string): ParameterType {
  const members = splitOutside(text.trim(), "|");
  if (members.length > 1) return { kind: "union", members: members.map(pythonType) };
  const name = members[0]!.toLowerCase() === members[0] || members[0] === "None" ? members[0] : "";
  if (name && Object.hasOwn(PYTHON_NAMES, name)) return PYTHON_NAMES[name]!;
  const [, generic, inside] = /^(?:typing\.)?(\w+)\[(.*)\]$/s.exec(members[0]!) ?? [];
  const parts = splitOutside(inside ?? "", ",");
  switch (generic?.toLowerCase()) {
    case "list":
    case "sequence":
      return { kind: "list", item: pythonType(parts[0]!) };
    case "dict":
      return { kind: "record", members: [], rest: pythonType(parts[1] ?? "Any") };
    case "optional":
      return { kind: "union", members: [pythonType(parts[0]!), { kind: "null" }] };
    case "union":
      return { kind: "union", members: parts.map(pythonType) };
    default:
      return ANY;
  }
}

/** What a value of the parameter may be. A default of null or None alone does not determine the type. */
export function parameterType({ type, declared }: ParameterInfo, language: ParameterLanguage): ParameterType {
  if (!declared && /^(?:null|None|unknown)$/.test(type)) return ANY;
  return language === "python" ? pythonType(type) : typescriptType(type);
}
