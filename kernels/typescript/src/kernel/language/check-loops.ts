import type * as TypeScript from "typescript";
import { CHECKPOINT_KEY } from "./language.js";
import { ts } from "./load-typescript.js";

type Loop =
  | TypeScript.ForStatement
  | TypeScript.ForInStatement
  | TypeScript.ForOfStatement
  | TypeScript.WhileStatement
  | TypeScript.DoStatement;

const isLoop = (node: TypeScript.Node): node is Loop => ts.isIterationStatement(node, false);

/** True when the code of this node itself, not of functions within it, awaits. */
function awaits(node: TypeScript.Node): boolean {
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return true;
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  return ts.forEachChild(node, (child) => awaits(child) || undefined) ?? false;
}

/**
 * A visitor that begins each round of a loop that awaits with a question: shall the cell go on? So a loop over files or
 * sockets, which nothing else could end, ends when the cell is interrupted. Loops without await stay as they are.
 */
export function checkLoops(context: TypeScript.TransformationContext): (node: TypeScript.Node) => TypeScript.Node {
  const { factory } = context;
  const question = () => {
    const symbolFor = factory.createPropertyAccessExpression(factory.createIdentifier("Symbol"), "for");
    const key = factory.createCallExpression(symbolFor, undefined, [factory.createStringLiteral(CHECKPOINT_KEY)]);
    const check = factory.createElementAccessExpression(factory.createIdentifier("globalThis"), key);
    const orNothing = factory.createToken(ts.SyntaxKind.QuestionDotToken); // cells may run where nobody can interrupt them
    return factory.createExpressionStatement(factory.createCallChain(check, orNothing, undefined, []));
  };
  const checked = (body: TypeScript.Statement): TypeScript.Statement =>
    ts.setTextRange(factory.createBlock([question(), ...(ts.isBlock(body) ? body.statements : [body])], true), body);
  const withBody = (loop: Loop): Loop => {
    const body = checked(loop.statement);
    if (ts.isForStatement(loop))
      return factory.updateForStatement(loop, loop.initializer, loop.condition, loop.incrementor, body);
    if (ts.isForInStatement(loop)) return factory.updateForInStatement(loop, loop.initializer, loop.expression, body);
    if (ts.isForOfStatement(loop))
      return factory.updateForOfStatement(loop, loop.awaitModifier, loop.initializer, loop.expression, body);
    if (ts.isWhileStatement(loop)) return factory.updateWhileStatement(loop, loop.expression, body);
    return factory.updateDoStatement(loop, body, loop.expression);
  };
  const visit = (node: TypeScript.Node): TypeScript.Node => {
    const visited = ts.visitEachChild(node, visit, context);
    return isLoop(visited) && awaits(node) ? withBody(visited) : visited;
  };
  return visit;
}
