import type * as TypeScript from "typescript";
import { type FieldList, fieldsMarkdown, fieldsOfSignature, fieldsOfType, fieldsText } from "./fields.js";
import type { Inspection } from "./language.js";
import { ts } from "./load-typescript.js";
import { withoutAlias } from "./without-alias.js";

const MOST_SOURCE_LINES = 60;

interface Known {
  readonly signature: string;
  readonly documentation: string;
  readonly tags: readonly TypeScript.JSDocTagInfo[];
}

function quickInfo(service: TypeScript.LanguageService, path: string, position: number): Known | undefined {
  const info = service.getQuickInfoAtPosition(path, position);
  if (!info || ts.displayPartsToString(info.displayParts) === "any") return undefined; // a name that is not known
  return {
    signature: withoutAlias(ts.displayPartsToString(info.displayParts)),
    documentation: ts.displayPartsToString(info.documentation),
    tags: info.tags ?? [],
  };
}

/** The function whose argument list the position lies in. */
function calledFunction(service: TypeScript.LanguageService, path: string, position: number): Known | undefined {
  const help = service.getSignatureHelpItems(path, position, undefined);
  const item = help?.items[help.selectedItemIndex];
  if (!item) return undefined;
  const text = (parts: readonly TypeScript.SymbolDisplayPart[]) => ts.displayPartsToString([...parts]);
  const parameters = item.parameters.map(({ displayParts }) => text(displayParts));
  return {
    signature: `${text(item.prefixDisplayParts)}${parameters.join(text(item.separatorDisplayParts))}${text(item.suffixDisplayParts)}`,
    documentation: text(item.documentation),
    tags: item.tags,
  };
}

function declarationText(
  service: TypeScript.LanguageService,
  path: string,
  position: number,
  codeOf: InspectOptions["codeOf"],
): string | undefined {
  const definition = service.getDefinitionAtPosition(path, position)?.[0];
  const file = definition && service.getProgram()?.getSourceFile(definition.fileName);
  if (!file) return undefined;
  const code = codeOf(definition.fileName);
  const own = code === undefined ? undefined : statementOf(code, definition.name);
  const { start, length } = definition.contextSpan ?? definition.textSpan;
  return cut(own ?? file.text.slice(start, start + length));
}

const describeTag = ({ name, text }: TypeScript.JSDocTagInfo) =>
  `@${name}${text ? ` ${ts.displayPartsToString(text)}` : ""}`;

/** The innermost node around a position. */
function nodeAround(file: TypeScript.SourceFile, position: number): TypeScript.Node {
  let found: TypeScript.Node = file;
  const visit = (node: TypeScript.Node): void => {
    if (node.getStart(file) > position || node.end < position) return;
    found = node;
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return found;
}

function callAround(node: TypeScript.Node): TypeScript.CallLikeExpression | undefined {
  for (let at: TypeScript.Node | undefined = node; at; at = at.parent)
    if (ts.isCallExpression(at) || ts.isNewExpression(at)) return at;
  return undefined;
}

/** The fields of options: of the parameters of a function, or of the type of a name. */
function fieldLists(service: TypeScript.LanguageService, path: string, position: number, isName: boolean): FieldList[] {
  const program = service.getProgram();
  const file = program?.getSourceFile(path);
  if (!program || !file) return [];
  const checker = program.getTypeChecker();
  const node = nodeAround(file, position);
  if (!isName) {
    const call = callAround(node);
    const signature = call && checker.getResolvedSignature(call);
    return call && signature ? fieldsOfSignature(program, signature, call) : [];
  }
  if (!ts.isIdentifier(node)) return [];
  const type = checker.getTypeAtLocation(node);
  const signature = type.getCallSignatures().at(-1) ?? type.getConstructSignatures().at(-1);
  if (signature) return fieldsOfSignature(program, signature, node);
  const list = fieldsOfType(program, type, node, checker.typeToString(type, node));
  return list ? [list] : [];
}

/** Text of the top-level statement that declares `name`; undefined when none does. */
function statementOf(source: string, name: string): string | undefined {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.ES2022, true);
  const declares = (node: TypeScript.Node): boolean => {
    if (ts.isVariableStatement(node))
      return node.declarationList.declarations.some((each) => each.name.getText(file) === name);
    return ts.isStatement(node) && "name" in node && (node.name as TypeScript.Node | undefined)?.getText(file) === name;
  };
  return file.statements.find(declares)?.getText(file);
}

const cut = (text: string): string => {
  const lines = text.split("\n");
  return lines.length > MOST_SOURCE_LINES ? [...lines.slice(0, MOST_SOURCE_LINES), "…"].join("\n") : text;
};

export interface InspectOptions {
  /** 1: with the source of the declaration. */
  readonly detailLevel: 0 | 1;
  /** The code of a cell by its path: what the service holds are its declarations. */
  codeOf(path: string): string | undefined;
}

/** What the compiler knows of the name at a position (or just before it) of the cell that is open in the service. */
export function inspectAt(
  service: TypeScript.LanguageService,
  path: string,
  position: number,
  { detailLevel, codeOf }: InspectOptions,
): Inspection | undefined {
  const places = [position, position - 1].filter((place) => place >= 0);
  const place = places.find((candidate) => quickInfo(service, path, candidate) !== undefined);
  const known = place === undefined ? calledFunction(service, path, position) : quickInfo(service, path, place);
  if (!known) return undefined;
  const source = detailLevel === 1 && place !== undefined ? declarationText(service, path, place, codeOf) : undefined;
  const tags = known.tags.map(describeTag);
  const lists = fieldLists(service, path, place ?? position, place !== undefined);
  const text = [known.signature, known.documentation, tags.join("\n"), ...lists.map(fieldsText), source];
  const code = (block: string) => `\`\`\`typescript\n${block}\n\`\`\``;
  const markdownTags = known.tags.map((tag) => describeTag(tag).replace(/^@\S+/, (name) => `*${name}*`));
  const markdown = [
    code(known.signature),
    known.documentation,
    markdownTags.join("\n\n"),
    ...lists.map(fieldsMarkdown),
    source && code(source),
  ];
  return { text: text.filter(Boolean).join("\n\n"), markdown: markdown.filter(Boolean).join("\n\n") };
}
