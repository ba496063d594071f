/**
 * A transformer that repairs how tslab refers to variables of earlier cells. It turns each such identifier `x` into
 * `exports.x`, but overlooks the shorthand `{ x }`, and breaks `{ x: y }` in a destructuring whose type an earlier cell
 * declared. Returns a factory for TypeScript's `before` list.
 */
export function repairNames(typescript, program) {
  const checker = program.getTypeChecker();
  const isEarlier = (symbol) =>
    symbol?.declarations?.some((declaration) => declaration.getSourceFile().fileName.endsWith("/__prev__.d.ts")) ??
    false;
  return (context) => {
    const { factory } = context;
    const fresh = (name) => factory.createIdentifier(name.text); // without an origin, hence left alone by tslab
    const visit = (node) => {
      if (
        typescript.isShorthandPropertyAssignment(node) &&
        isEarlier(checker.getShorthandAssignmentValueSymbol(node))
      ) {
        const value = factory.createPropertyAccessExpression(factory.createIdentifier("exports"), fresh(node.name));
        const fallback = node.objectAssignmentInitializer;
        const target = fallback ? factory.createAssignment(value, typescript.visitNode(fallback, visit)) : value;
        return factory.createPropertyAssignment(fresh(node.name), target);
      }
      const visited = typescript.visitEachChild(node, visit, context);
      if (
        !typescript.isBindingElement(visited) ||
        !visited.propertyName ||
        !typescript.isIdentifier(visited.propertyName)
      )
        return visited;
      const { dotDotDotToken, propertyName, name, initializer } = visited;
      return factory.updateBindingElement(visited, dotDotDotToken, fresh(propertyName), name, initializer);
    };
    return (file) => typescript.visitEachChild(file, visit, context);
  };
}
