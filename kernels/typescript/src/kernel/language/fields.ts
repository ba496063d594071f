import type * as TypeScript from "typescript";
import { ts } from "./load-typescript.js";

/** One member of a type of options. */
export interface Field {
  /** With a question mark where it may be left out. */
  readonly name: string;
  readonly type: string;
  /** First sentence of its documentation, and its default. */
  readonly help: string;
}

/** The fields of one parameter, or of the type that is inspected. */
export interface FieldList {
  readonly title: string;
  readonly fields: readonly Field[];
}

const MOST_FIELDS = 40;
const LONGEST_TYPE = 60;

const isLibrary = (program: TypeScript.Program, symbol: TypeScript.Symbol | undefined): boolean =>
  symbol?.declarations?.some((node) => {
    const file = node.getSourceFile();
    return program.isSourceFileDefaultLibrary(file) || /[\\/]@types[\\/]node[\\/]/.test(file.fileName);
  }) ?? false;

/** The object type whose members people set, without null, undefined and primitives; undefined for any other type. */
function optionsType(program: TypeScript.Program, type: TypeScript.Type): TypeScript.Type | undefined {
  const checker = program.getTypeChecker();
  const bare = checker.getNonNullableType(type);
  const parts = bare.isUnion() ? bare.types : [bare];
  const objects = parts.filter((part) => (part.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0);
  const [only] = objects;
  if (objects.length !== 1 || only === undefined || only.isClass()) return undefined;
  if (checker.isArrayType(only) || checker.isTupleType(only) || only.getCallSignatures().length > 0) return undefined;
  return isLibrary(program, only.getSymbol()) && !only.aliasSymbol ? undefined : only;
}

const firstSentence = (text: string): string =>
  /^[\s\S]*?[.!?](?=\s|$)/.exec(text)?.[0].replace(/\s+/g, " ") ?? text.split("\n")[0] ?? "";

function fieldOf(checker: TypeScript.TypeChecker, symbol: TypeScript.Symbol, place: TypeScript.Node): Field {
  const type = checker.getTypeOfSymbolAtLocation(symbol, place);
  const isOptional = (symbol.flags & ts.SymbolFlags.Optional) !== 0;
  const shown = checker.typeToString(isOptional ? checker.getNonNullableType(type) : type, place);
  const documentation = firstSentence(ts.displayPartsToString(symbol.getDocumentationComment(checker)));
  const tag = symbol.getJsDocTags(checker).find(({ name }) => name === "default");
  const byDefault = tag?.text ? `(default: ${ts.displayPartsToString(tag.text)})` : "";
  return {
    name: `${symbol.name}${isOptional ? "?" : ""}`,
    type: shown.length > LONGEST_TYPE ? `${shown.slice(0, LONGEST_TYPE)}…` : shown,
    help: [documentation, byDefault].filter(Boolean).join(" "),
  };
}

/** The fields of a type of options; undefined when it is none, or has none. */
export function fieldsOfType(
  program: TypeScript.Program,
  type: TypeScript.Type,
  place: TypeScript.Node,
  title: string,
): FieldList | undefined {
  const options = optionsType(program, type);
  if (!options) return undefined;
  const checker = program.getTypeChecker();
  const members = checker.getPropertiesOfType(options).filter(({ name }) => !name.startsWith("__"));
  const fields = members.slice(0, MOST_FIELDS).map((member) => fieldOf(checker, member, place));
  const rest = members.length - fields.length;
  const cut = rest > 0 ? [{ name: "…", type: `${rest} more`, help: "" }] : [];
  return fields.length > 0 ? { title, fields: [...fields, ...cut] } : undefined;
}

/** The fields of each parameter of a function that is a type of options. */
export function fieldsOfSignature(
  program: TypeScript.Program,
  signature: TypeScript.Signature,
  place: TypeScript.Node,
): FieldList[] {
  const checker = program.getTypeChecker();
  return signature.getParameters().flatMap((parameter) => {
    const type = checker.getTypeOfSymbolAtLocation(parameter, place);
    const name = checker.typeToString(checker.getNonNullableType(type), place);
    const title = name.length > LONGEST_TYPE ? parameter.name : `${parameter.name}: ${name}`;
    return fieldsOfType(program, type, place, title) ?? [];
  });
}

/** The list as text, in columns. */
export function fieldsText({ title, fields }: FieldList): string {
  const width = Math.min(24, Math.max(...fields.map(({ name }) => name.length)));
  const lines = fields.map(
    ({ name, type, help }) => `  ${`${name}:`.padEnd(width + 1)} ${type}${help ? `  — ${help}` : ""}`,
  );
  return [title, ...lines].join("\n");
}

/** The list as Markdown. */
export function fieldsMarkdown({ title, fields }: FieldList): string {
  const lines = fields.map(
    ({ name, type, help }) => `- \`${name}: ${type.replaceAll("`", "'")}\`${help ? ` ${help}` : ""}`,
  );
  return [`**\`${title.replaceAll("`", "'")}\`**`, "", ...lines].join("\n");
}
