/** Exports, documentation, comments, casts and throws of a file. */
import ts from "typescript";
import { nodesOf, type Source } from "./sources.js";

/** What is counted in one file. */
export interface StatementCounts {
  readonly lines: number;
  /** Lines that hold nothing but a comment. */
  readonly commentLines: number;
  readonly imports: number;
  readonly exports: number;
  /** Exported declarations, and those with a documentation comment. */
  readonly declarations: number;
  readonly documented: number;
  readonly any: number;
  /** `as` of a type; `as const` is none. */
  readonly casts: number;
  readonly nonNull: number;
  readonly throws: number;
  /** Throws of a plain `new Error`. */
  readonly plainThrows: number;
}

/** How many lines a text has. */
export const lineCount = (text: string): number => text.split("\n").length - Number(text.endsWith("\n"));

/** Lines of `text` on which only a comment stands. */
function commentLines(text: string): number {
  let inBlock = false;
  let count = 0;
  for (const line of text.split("\n").map((each) => each.trim())) {
    const opens = !inBlock && line.startsWith("/*");
    if (inBlock || opens || line.startsWith("//")) count += 1;
    if (opens || inBlock) inBlock = !line.includes("*/");
  }
  return count;
}

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);

const hasDoc = (node: ts.Node): boolean => ts.getJSDocCommentsAndTags(node).length > 0;

/** How many names a statement exports. */
function exportedNames(statement: ts.Statement): number {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement;
    return exportClause !== undefined && ts.isNamedExports(exportClause) ? exportClause.elements.length : 1;
  }
  if (!isExported(statement)) return 0;
  return ts.isVariableStatement(statement) ? statement.declarationList.declarations.length : 1;
}

const isConstAssertion = (node: ts.AsExpression): boolean => node.type.getText() === "const";

const isPlainError = ({ expression }: ts.ThrowStatement): boolean =>
  ts.isNewExpression(expression) && expression.expression.getText() === "Error";

/** Count one file. */
export function countStatements({ text, tree }: Source): StatementCounts {
  const nodes = [...nodesOf(tree)];
  const exported = tree.statements.filter(isExported);
  const throws = nodes.filter(ts.isThrowStatement);
  return {
    lines: lineCount(text),
    commentLines: commentLines(text),
    imports: tree.statements.filter(ts.isImportDeclaration).length,
    exports: tree.statements.reduce((sum, statement) => sum + exportedNames(statement), 0),
    declarations: exported.length,
    documented: exported.filter(hasDoc).length,
    any: nodes.filter(({ kind }) => kind === ts.SyntaxKind.AnyKeyword).length,
    casts: nodes.filter((node) => ts.isAsExpression(node) && !isConstAssertion(node)).length,
    nonNull: nodes.filter(ts.isNonNullExpression).length,
    throws: throws.length,
    plainThrows: throws.filter(isPlainError).length,
  };
}
