import type * as TypeScript from "typescript";
import type { Inspection } from "./language.js";
import { ts } from "./load-typescript.js";

const MOST_SOURCE_LINES = 60;

interface Known {
  readonly signature: string;
  readonly documentation: string;
  readonly tags: readonly TypeScript.JSDocTagInfo[];
}

function quickInfo(service: TypeScript.LanguageService, path: string, position: number): Known | undefined {
  const info = service.getQuickInfoAtPosition(path, position);
  if (!info) return undefined;
  return {
    signature: ts.displayPartsToString(info.displayParts),
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

function declarationText(service: TypeScript.LanguageService, path: string, position: number): string | undefined {
  const definition = service.getDefinitionAtPosition(path, position)?.[0];
  const file = definition && service.getProgram()?.getSourceFile(definition.fileName);
  if (!file) return undefined;
  const { start, length } = definition.contextSpan ?? definition.textSpan;
  const lines = file.text.slice(start, start + length).split("\n");
  return lines.length > MOST_SOURCE_LINES ? [...lines.slice(0, MOST_SOURCE_LINES), "…"].join("\n") : lines.join("\n");
}

const describeTag = ({ name, text }: TypeScript.JSDocTagInfo) =>
  `@${name}${text ? ` ${ts.displayPartsToString(text)}` : ""}`;

/** What the compiler knows of the name at a position (or just before it) of the cell that is open in the service. */
export function inspectAt(
  service: TypeScript.LanguageService,
  path: string,
  position: number,
  detailLevel: 0 | 1,
): Inspection | undefined {
  const places = [position, position - 1].filter((place) => place >= 0);
  const place = places.find((candidate) => service.getQuickInfoAtPosition(path, candidate) !== undefined);
  const known = place === undefined ? calledFunction(service, path, position) : quickInfo(service, path, place);
  if (!known) return undefined;
  const source = detailLevel === 1 && place !== undefined ? declarationText(service, path, place) : undefined;
  const tags = known.tags.map(describeTag);
  const text = [known.signature, known.documentation, tags.join("\n"), source].filter(Boolean);
  const code = (block: string) => `\`\`\`typescript\n${block}\n\`\`\``;
  const markdownTags = known.tags.map((tag) => describeTag(tag).replace(/^@\S+/, (name) => `*${name}*`));
  const markdown = [code(known.signature), known.documentation, markdownTags.join("\n\n"), source && code(source)];
  return { text: text.join("\n\n"), markdown: markdown.filter(Boolean).join("\n\n") };
}
