import type * as TypeScript from "typescript";
import { codePointIndex } from "./code-points.js";
import type { Completion, CompletionMatch } from "./language.js";
import { ts } from "./load-typescript.js";

const MOST_SIGNATURES = 30;

const TYPES: Readonly<Record<string, string>> = {
  [ts.ScriptElementKind.functionElement]: "function",
  [ts.ScriptElementKind.localFunctionElement]: "function",
  [ts.ScriptElementKind.memberFunctionElement]: "function",
  [ts.ScriptElementKind.classElement]: "class",
  [ts.ScriptElementKind.localClassElement]: "class",
  [ts.ScriptElementKind.interfaceElement]: "interface",
  [ts.ScriptElementKind.typeElement]: "type",
  [ts.ScriptElementKind.primitiveType]: "type",
  [ts.ScriptElementKind.typeParameterElement]: "type",
  [ts.ScriptElementKind.enumElement]: "enum",
  [ts.ScriptElementKind.enumMemberElement]: "property",
  [ts.ScriptElementKind.moduleElement]: "module",
  [ts.ScriptElementKind.externalModuleName]: "module",
  [ts.ScriptElementKind.alias]: "instance",
  [ts.ScriptElementKind.keyword]: "keyword",
  [ts.ScriptElementKind.memberVariableElement]: "property",
  [ts.ScriptElementKind.memberAccessorVariableElement]: "property",
  [ts.ScriptElementKind.memberGetAccessorElement]: "property",
  [ts.ScriptElementKind.memberSetAccessorElement]: "property",
  [ts.ScriptElementKind.directory]: "path",
  [ts.ScriptElementKind.scriptElement]: "path",
  [ts.ScriptElementKind.string]: "string",
  [ts.ScriptElementKind.label]: "statement",
};

const PREFERENCES: TypeScript.GetCompletionsAtPositionOptions = {
  includeCompletionsForModuleExports: false,
  includeCompletionsWithInsertText: true,
  importModuleSpecifierEnding: "js",
};

const NAME_BEFORE = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

interface Place {
  readonly languageService: TypeScript.LanguageService;
  readonly path: string;
  readonly code: string;
  /** UTF-16 units. */
  readonly position: number;
  readonly hidden: ReadonlySet<string>;
}

/** What of the code the entries replace: the compiler's word for it, else the name that ends at the cursor. */
function replacedSpan(place: Place, info: TypeScript.CompletionInfo): { start: number; end: number } {
  const { code, position } = place;
  const span = info.optionalReplacementSpan ?? info.entries.find((entry) => entry.replacementSpan)?.replacementSpan;
  const before = code.slice(0, position);
  const start = span ? span.start : position - (NAME_BEFORE.exec(before)?.[0].length ?? 0);
  return { start: Math.min(start, position), end: position };
}

const isOffered = (entry: TypeScript.CompletionEntry, hidden: ReadonlySet<string>) =>
  entry.kind !== ts.ScriptElementKind.warning && !hidden.has(entry.name);

/** Entries that begin with the text, else those that do when letters' case is ignored; names of cells first. */
function matching(entries: readonly TypeScript.CompletionEntry[], prefix: string): TypeScript.CompletionEntry[] {
  const exact = entries.filter(({ name }) => name.startsWith(prefix));
  const lower = prefix.toLowerCase();
  const chosen = exact.length > 0 ? exact : entries.filter(({ name }) => name.toLowerCase().startsWith(lower));
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return chosen.sort((a, b) => order(a.sortText, b.sortText) || order(a.name, b.name));
}

function signatureOf({ languageService, path, position }: Place, name: string): string | undefined {
  const details = languageService.getCompletionEntryDetails(
    path,
    position,
    name,
    {},
    undefined,
    PREFERENCES,
    undefined,
  );
  const text = ts.displayPartsToString(details?.displayParts ?? []);
  return text === "" ? undefined : text;
}

/** Completions at a place of the cell that is open in the service. */
export function completeAt(place: Place): Completion {
  const { languageService, path, code, position, hidden } = place;
  const info = languageService.getCompletionsAtPosition(path, position, PREFERENCES);
  const at = codePointIndex(code, position);
  if (!info) return { matches: [], cursorStart: at, cursorEnd: at };
  const { start, end } = replacedSpan(place, info);
  const offered = info.entries.filter((entry) => isOffered(entry, hidden));
  const textOf = ({ kind, name }: TypeScript.CompletionEntry) =>
    kind === ts.ScriptElementKind.scriptElement ? name.replace(/\.([mc]?)tsx?$/, ".$1js") : name; // as tslab needs it
  const chosen = matching(offered, code.slice(start, end));
  const matches = chosen.map((entry): CompletionMatch => {
    const isSigned = chosen.length <= MOST_SIGNATURES && entry.kind !== ts.ScriptElementKind.keyword;
    const signature = isSigned ? signatureOf(place, entry.name) : undefined;
    return { text: textOf(entry), type: TYPES[entry.kind] ?? "instance", ...(signature ? { signature } : {}) };
  });
  return { matches, cursorStart: codePointIndex(code, start), cursorEnd: codePointIndex(code, end) };
}
