import type * as TypeScript from "typescript";
import { ts } from "./load-typescript.js";

const CLOSERS: ReadonlyMap<TypeScript.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.OpenBraceToken, "}"],
  [ts.SyntaxKind.OpenBracketToken, "]"],
  [ts.SyntaxKind.OpenParenToken, ")"],
  [ts.SyntaxKind.TemplateHead, "}`"],
]);
const CLOSING = new Set([
  ts.SyntaxKind.CloseBraceToken,
  ts.SyntaxKind.CloseBracketToken,
  ts.SyntaxKind.CloseParenToken,
  ts.SyntaxKind.TemplateTail,
]);

/** What closes the brackets that code leaves open, by the tokens of its syntax tree (strings are whole there). */
export function closersOf(code: string): string {
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ES2022, true);
  const open: string[] = [];
  const visit = (node: TypeScript.Node): void => {
    if (node.getWidth(file) > 0) {
      const closer = CLOSERS.get(node.kind);
      if (closer !== undefined) open.push(closer);
      else if (CLOSING.has(node.kind)) open.pop();
    }
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return open.reverse().join("");
}
