import type * as TypeScript from "typescript";
import { codePointIndex } from "./code-points.js";
import type { Completion, CompletionMatch } from "./language.js";
import { ts } from "./load-typescript.js";
import { withoutAlias } from "./without-alias.js";

/** Signatures and documentation of longer lists take too long, and nobody reads them. */
const MOST_DETAILS = 30;

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
  [ts.ScriptElementKind.constElement]: "variable",
  [ts.ScriptElementKind.letElement]: "variable",
  [ts.ScriptElementKind.variableElement]: "variable",
  [ts.ScriptElementKind.localVariableElement]: "variable",
  [ts.ScriptElementKind.parameterElement]: "variable",
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
  /** Where the code begins in the file. */
  readonly offset: number;
  readonly hidden: ReadonlySet<string>;
}

/** What of the code the entries replace: the compiler's word for it, else the name that ends at the cursor. */
function replacedSpan(place: Place, info: TypeScript.CompletionInfo): { start: number; end: number } {
  const { code, position, offset } = place;
  const span = info.optionalReplacementSpan ?? info.entries.find((entry) => entry.replacementSpan)?.replacementSpan;
  const before = code.slice(0, position);
  const start = span ? span.start - offset : position - (NAME_BEFORE.exec(before)?.[0].length ?? 0);
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

type Details = Pick<CompletionMatch, "signature" | "documentation">;

/** Signature and documentation of an entry, as far as there are any. */
function detailsOf({ languageService, path, position, offset }: Place, name: string): Details {
  const found = languageService.getCompletionEntryDetails(
    path,
    offset + position,
    name,
    {},
    undefined,
    PREFERENCES,
    undefined,
  );
  const signature = withoutAlias(ts.displayPartsToString(found?.displayParts ?? []));
  const documentation = ts.displayPartsToString(found?.documentation ?? []);
  return { ...(signature ? { signature } : {}), ...(documentation ? { documentation } : {}) };
}

const ALIAS_KINDS: readonly (readonly [flags: TypeScript.SymbolFlags, type: string])[] = [
  [ts.SymbolFlags.Function, "function"],
  [ts.SymbolFlags.Class, "class"],
  [ts.SymbolFlags.Enum, "enum"],
  [ts.SymbolFlags.ValueModule | ts.SymbolFlags.NamespaceModule, "module"],
  [ts.SymbolFlags.Interface, "interface"],
  [ts.SymbolFlags.TypeAlias, "type"],
];

/** What imported names stand for, and names of cells that are functions, which the service calls aliases and variables. */
function kindsInScope({ languageService, path }: Place): (name: string) => string | undefined {
  const program = languageService.getProgram();
  const file = program?.getSourceFile(path);
  if (!program || !file) return () => undefined;
  const checker = program.getTypeChecker();
  const symbols = checker.getSymbolsInScope(file, ts.SymbolFlags.Alias | ts.SymbolFlags.BlockScopedVariable);
  const own = new Map(symbols.map((symbol) => [symbol.name, symbol]));
  return (name) => {
    const symbol = own.get(name);
    if (!symbol) return undefined;
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const known = ALIAS_KINDS.find(([flags]) => target.flags & flags)?.[1];
    if (known) return known;
    return checker.getTypeOfSymbolAtLocation(target, file).getCallSignatures().length > 0 ? "function" : "variable";
  };
}

const IN_SCOPE = new Set<string>([
  ts.ScriptElementKind.alias,
  ts.ScriptElementKind.constElement,
  ts.ScriptElementKind.letElement,
]);

/** Completions at a place of the cell that is open in the service. */
export function completeAt(place: Place): Completion {
  const { languageService, path, code, position, offset, hidden } = place;
  const info = languageService.getCompletionsAtPosition(path, offset + position, PREFERENCES);
  const at = codePointIndex(code, position);
  if (!info) return { matches: [], cursorStart: at, cursorEnd: at };
  const { start, end } = replacedSpan(place, info);
  const offered = info.entries.filter((entry) => isOffered(entry, hidden));
  const textOf = ({ kind, name }: TypeScript.CompletionEntry) =>
    kind === ts.ScriptElementKind.scriptElement ? name.replace(/\.([mc]?)tsx?$/, ".$1js") : name; // as tslab needs it
  const chosen = matching(offered, code.slice(start, end));
  const kindInScope = chosen.some(({ kind }) => IN_SCOPE.has(kind)) ? kindsInScope(place) : () => undefined;
  const typeOf = ({ kind, name }: TypeScript.CompletionEntry) =>
    (IN_SCOPE.has(kind) ? kindInScope(name) : undefined) ?? TYPES[kind] ?? "variable";
  const matches = chosen.map((entry): CompletionMatch => {
    const isDetailed = chosen.length <= MOST_DETAILS && entry.kind !== ts.ScriptElementKind.keyword;
    return { text: textOf(entry), type: typeOf(entry), ...(isDetailed ? detailsOf(place, entry.name) : {}) };
  });
  return { matches, cursorStart: codePointIndex(code, start), cursorEnd: codePointIndex(code, end) };
}
