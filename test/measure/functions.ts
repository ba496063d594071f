/** Length, branches and parameters of each function. */
import ts from "typescript";
import { nodesOf, type Source } from "./sources.js";

/** A function, a method, an accessor, or an arrow function with a body in braces. */
export interface FunctionShape {
  readonly place: string;
  readonly lines: number;
  /** McCabe's number: one and the branches, without those of functions inside. */
  readonly cyclomatic: number;
  readonly parameters: number;
}

type WithBody = ts.FunctionLikeDeclaration & { readonly body: ts.Block };

const isMeasured = (node: ts.Node): node is WithBody =>
  ts.isFunctionLike(node) && "body" in node && node.body !== undefined && ts.isBlock(node.body as ts.Node);

const BRANCHES = new Set([
  ts.SyntaxKind.IfStatement,
  ts.SyntaxKind.ConditionalExpression,
  ts.SyntaxKind.ForStatement,
  ts.SyntaxKind.ForInStatement,
  ts.SyntaxKind.ForOfStatement,
  ts.SyntaxKind.WhileStatement,
  ts.SyntaxKind.DoStatement,
  ts.SyntaxKind.CaseClause,
  ts.SyntaxKind.CatchClause,
]);
const LOGICAL = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

const isBranch = (node: ts.Node): boolean =>
  BRANCHES.has(node.kind) || (ts.isBinaryExpression(node) && LOGICAL.has(node.operatorToken.kind));

function branchesIn(node: ts.Node): number {
  let count = 0;
  ts.forEachChild(node, (child) => {
    count += isMeasured(child) ? 0 : Number(isBranch(child)) + branchesIn(child);
  });
  return count;
}

/** The shapes of all functions of a file. */
export function functionsOf({ path, tree }: Source): FunctionShape[] {
  return [...nodesOf(tree)].filter(isMeasured).map((node) => {
    const first = tree.getLineAndCharacterOfPosition(node.getStart()).line;
    const last = tree.getLineAndCharacterOfPosition(node.getEnd()).line;
    return {
      place: `${path}:${first + 1}`,
      lines: last - first + 1,
      cyclomatic: 1 + branchesIn(node.body),
      parameters: node.parameters.length,
    };
  });
}
