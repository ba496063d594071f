import type * as TypeScript from "typescript";
import type { Completeness } from "./language.js";
import { ts } from "./load-typescript.js";

const UNTERMINATED_COMMENT = 1010;
const UNTERMINATED_TEMPLATE = 1160;
const UNTERMINATED_STRING = 1002;

type ParsedFile = TypeScript.SourceFile & { readonly parseDiagnostics: readonly TypeScript.DiagnosticWithLocation[] };

const asModule = (file: TypeScript.SourceFile) => {
  (file as { externalModuleIndicator?: true }).externalModuleIndicator = true; // as moduleDetection "force" does
};

function parse(code: string): ParsedFile {
  // a module, where await is an operator; parseDiagnostics is the compiler's own field
  return ts.createSourceFile(
    "cell.mts",
    code,
    { languageVersion: ts.ScriptTarget.ES2022, setExternalModuleIndicator: asModule },
    true,
  ) as ParsedFile;
}

const OPENING = new Set([ts.SyntaxKind.OpenBraceToken, ts.SyntaxKind.OpenBracketToken, ts.SyntaxKind.OpenParenToken]);
const CLOSING = new Set([
  ts.SyntaxKind.CloseBraceToken,
  ts.SyntaxKind.CloseBracketToken,
  ts.SyntaxKind.CloseParenToken,
]);

/** Brackets that are open at the end of each token's line, by the tokens of the syntax tree (strings are whole there). */
function openBrackets(file: TypeScript.SourceFile): number {
  let open = 0;
  const visit = (node: TypeScript.Node): void => {
    if (node.getWidth(file) > 0 && OPENING.has(node.kind)) open += 1;
    if (node.getWidth(file) > 0 && CLOSING.has(node.kind)) open -= 1;
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return Math.max(open, 0);
}

function lacksBody(file: TypeScript.SourceFile): boolean {
  const last = file.statements.at(-1);
  return (
    last !== undefined &&
    ts.isFunctionDeclaration(last) &&
    !last.body &&
    !last.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) &&
    !file.text.trimEnd().endsWith(";")
  );
}

/** Whether a console should run the code or wait for another line, and how that line is to be indented. */
export function completenessOf(code: string): Completeness {
  const file = parse(code);
  const errors = file.parseDiagnostics;
  if (errors.length === 0 && !lacksBody(file)) return { status: "complete" };
  const [first] = errors;
  if (first?.code === UNTERMINATED_COMMENT || first?.code === UNTERMINATED_TEMPLATE)
    return { status: "incomplete", indent: "" };
  const end = code.trimEnd().length;
  const isAtEnd = errors.every(({ start, code: number }) => start >= end && number !== UNTERMINATED_STRING);
  return isAtEnd ? { status: "incomplete", indent: "  ".repeat(openBrackets(file)) } : { status: "invalid" };
}
