import type * as TypeScript from "typescript";
import { ts } from "./load-typescript.js";

type Factory = TypeScript.NodeFactory;

function targetOf(factory: Factory, name: TypeScript.BindingName): TypeScript.Expression {
  if (ts.isIdentifier(name)) return name;
  if (ts.isArrayBindingPattern(name))
    return factory.createArrayLiteralExpression(
      name.elements.map((element) =>
        ts.isBindingElement(element) ? elementTarget(factory, element) : factory.createOmittedExpression(),
      ),
    );
  return factory.createObjectLiteralExpression(
    name.elements.map((element) => {
      if (element.dotDotDotToken) return factory.createSpreadAssignment(targetOf(factory, element.name));
      if (!element.propertyName && ts.isIdentifier(element.name))
        return factory.createShorthandPropertyAssignment(element.name, element.initializer);
      return factory.createPropertyAssignment(element.propertyName!, elementTarget(factory, element));
    }),
  );
}

function elementTarget(factory: Factory, element: TypeScript.BindingElement): TypeScript.Expression {
  const target = targetOf(factory, element.name);
  if (element.dotDotDotToken) return factory.createSpreadElement(target);
  return element.initializer ? factory.createAssignment(target, element.initializer) : target;
}

function assignments(factory: Factory, list: TypeScript.VariableDeclarationList): TypeScript.Expression | undefined {
  const parts: TypeScript.Expression[] = list.declarations.flatMap(({ name, initializer }) =>
    initializer ? [factory.createAssignment(targetOf(factory, name), initializer)] : [],
  );
  if (parts.length === 0) return undefined;
  const joined = parts.reduce((left, right) => factory.createComma(left, right));
  return ts.isObjectBindingPattern(list.declarations[0]!.name) ? factory.createParenthesizedExpression(joined) : joined;
}

function namesIn(name: TypeScript.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

const isVarList = (node: TypeScript.Node): node is TypeScript.VariableDeclarationList =>
  ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === 0;

const keepsVariables = (node: TypeScript.Node) =>
  ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleDeclaration(node);

function topLevelNames(statement: TypeScript.Statement): string[] {
  return ts.isVariableStatement(statement)
    ? statement.declarationList.declarations.flatMap(({ name }) => namesIn(name))
    : [];
}

/**
 * Takes the `var` declarations out of blocks and loops (they belong to the whole cell) and those that a cell repeats at
 * its top level: the names come back as `let` declarations, the statements assign.
 */
export function hoistVariables(
  context: TypeScript.TransformationContext,
  statements: readonly TypeScript.Statement[],
): { declarations: TypeScript.Statement[]; statements: TypeScript.Statement[] } {
  const { factory } = context;
  const counts = new Map<string, number>();
  for (const name of statements.flatMap(topLevelNames)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const hoisted = new Set([...counts].filter(([, count]) => count > 1).map(([name]) => name));
  const findNested = (node: TypeScript.Node): void => {
    if (keepsVariables(node)) return;
    if (isVarList(node))
      for (const { name } of node.declarations) for (const found of namesIn(name)) hoisted.add(found);
    ts.forEachChild(node, findNested);
  };
  for (const statement of statements) findNested(statement);
  if (hoisted.size === 0) return { declarations: [], statements: [...statements] };

  const assign = (list: TypeScript.VariableDeclarationList) => assignments(factory, list);
  const visit = (node: TypeScript.Node): TypeScript.Node => {
    if (keepsVariables(node)) return node;
    const seen = ts.visitEachChild(node, visit, context);
    if (ts.isVariableStatement(seen) && isVarList(seen.declarationList)) {
      const value = assign(seen.declarationList);
      return ts.setTextRange(value ? factory.createExpressionStatement(value) : factory.createEmptyStatement(), seen);
    }
    if (ts.isForStatement(seen) && seen.initializer && isVarList(seen.initializer))
      return factory.updateForStatement(
        seen,
        assign(seen.initializer),
        seen.condition,
        seen.incrementor,
        seen.statement,
      );
    if (ts.isForOfStatement(seen) && isVarList(seen.initializer)) {
      const target = targetOf(factory, seen.initializer.declarations[0]!.name);
      return factory.updateForOfStatement(seen, seen.awaitModifier, target, seen.expression, seen.statement);
    }
    if (ts.isForInStatement(seen) && isVarList(seen.initializer)) {
      const target = targetOf(factory, seen.initializer.declarations[0]!.name);
      return factory.updateForInStatement(seen, target, seen.expression, seen.statement);
    }
    return seen;
  };
  const assignRepeated = (statement: TypeScript.Statement): TypeScript.Statement => {
    if (!ts.isVariableStatement(statement)) return ts.visitNode(statement, visit, ts.isStatement);
    if (!topLevelNames(statement).some((name) => hoisted.has(name))) return statement;
    for (const name of topLevelNames(statement)) hoisted.add(name);
    const value = assign(statement.declarationList);
    return ts.setTextRange(
      value ? factory.createExpressionStatement(value) : factory.createEmptyStatement(),
      statement,
    );
  };
  const changed = statements.map(assignRepeated);
  const list = factory.createVariableDeclarationList(
    [...hoisted].map((name) => factory.createVariableDeclaration(name)),
    ts.NodeFlags.Let,
  );
  return { declarations: [factory.createVariableStatement(undefined, list)], statements: changed };
}
