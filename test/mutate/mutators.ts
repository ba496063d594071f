/** Small changes of a module's compiled text, each of which some test should notice. */
import ts from "typescript";

/** A change: the text from `start` to `end` becomes `replacement`. */
export interface Change {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

const { SyntaxKind } = ts;

/** Operators and what takes their place. */
const SWAPS: ReadonlyMap<ts.SyntaxKind, readonly [kind: string, operator: string]> = new Map([
  [SyntaxKind.LessThanToken, ["boundary", "<="]],
  [SyntaxKind.LessThanEqualsToken, ["boundary", "<"]],
  [SyntaxKind.GreaterThanToken, ["boundary", ">="]],
  [SyntaxKind.GreaterThanEqualsToken, ["boundary", ">"]],
  [SyntaxKind.EqualsEqualsEqualsToken, ["relation", "!=="]],
  [SyntaxKind.ExclamationEqualsEqualsToken, ["relation", "==="]],
  [SyntaxKind.PlusToken, ["arithmetic", "-"]],
  [SyntaxKind.MinusToken, ["arithmetic", "+"]],
  [SyntaxKind.AsteriskToken, ["arithmetic", "/"]],
  [SyntaxKind.SlashToken, ["arithmetic", "*"]],
  [SyntaxKind.AmpersandAmpersandToken, ["logic", "||"]],
  [SyntaxKind.BarBarToken, ["logic", "&&"]],
]);

const isText = (node: ts.Expression): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

/** Errors, their messages and their advice: a test of a message's words is not what is counted here. */
const isMessage = (node: ts.Node): boolean =>
  ts.isThrowStatement(node) || (ts.isNewExpression(node) && /Error$/.test(node.expression.getText()));

function ofBinary(node: ts.BinaryExpression): Change[] {
  const { left, right, operatorToken } = node;
  if (operatorToken.kind === SyntaxKind.QuestionQuestionToken)
    return [{ kind: "default", start: left.getEnd(), end: right.getEnd(), replacement: "" }];
  const swap = SWAPS.get(operatorToken.kind);
  if (!swap || (swap[0] === "arithmetic" && (isText(left) || isText(right)))) return [];
  return [{ kind: swap[0], start: operatorToken.getStart(), end: operatorToken.getEnd(), replacement: swap[1] }];
}

/** A number becomes its neighbour; one with a fraction or an exponent doubles, so that it is another by far. */
function ofNumber(node: ts.NumericLiteral): Change[] {
  const value = Number(node.text);
  const other = Number.isInteger(value) && value < 1e6 ? value + 1 : value * 2;
  return [{ kind: "constant", start: node.getStart(), end: node.getEnd(), replacement: String(other) }];
}

/** A statement that only calls is left away: a check, a sync, a release. */
function ofStatement(node: ts.ExpressionStatement): Change[] {
  const called = ts.isAwaitExpression(node.expression) ? node.expression.expression : node.expression;
  if (!ts.isCallExpression(called) || called.expression.kind === SyntaxKind.SuperKeyword) return [];
  return [{ kind: "call", start: node.getStart(), end: node.getEnd(), replacement: ";" }];
}

function ofCondition(condition: ts.Expression): Change[] {
  const [start, end] = [condition.getStart(), condition.getEnd()];
  return [{ kind: "condition", start, end, replacement: `!(${condition.getText()})` }];
}

function ofExtreme(node: ts.CallExpression): Change[] {
  const name = node.expression.getText();
  if (name !== "Math.min" && name !== "Math.max") return [];
  const replacement = name === "Math.min" ? "Math.max" : "Math.min";
  return [{ kind: "extreme", start: node.expression.getStart(), end: node.expression.getEnd(), replacement }];
}

function changesOf(node: ts.Node): Change[] {
  if (ts.isBinaryExpression(node)) return ofBinary(node);
  if (ts.isNumericLiteral(node)) return ofNumber(node);
  if (ts.isExpressionStatement(node)) return ofStatement(node);
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node))
    return ofCondition(ts.isIfStatement(node) ? node.expression : node.condition);
  if (ts.isCallExpression(node)) return ofExtreme(node);
  if (node.kind === SyntaxKind.TrueKeyword || node.kind === SyntaxKind.FalseKeyword) {
    const replacement = node.kind === SyntaxKind.TrueKeyword ? "false" : "true";
    return [{ kind: "boolean", start: node.getStart(), end: node.getEnd(), replacement }];
  }
  return [];
}

/** Every change of `text`, in the order of its places; none within an error's message. */
export function changesIn(text: string): Change[] {
  const source = ts.createSourceFile("module.js", text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const found: Change[] = [];
  const visit = (node: ts.Node): void => {
    if (isMessage(node)) return;
    found.push(...changesOf(node));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** `text` after a change. */
export const applyChange = (text: string, { start, end, replacement }: Change): string =>
  text.slice(0, start) + replacement + text.slice(end);
