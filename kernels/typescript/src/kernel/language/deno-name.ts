import type * as TypeScript from "typescript";
import { DENO_KEY } from "../cell-api/deno-jupyter.js";
import { ts } from "./load-typescript.js";

/*
 * `Deno.jupyter` in cells. A global `Deno` would make packages take Node for Deno, so the name is one of the type checker
 * alone, and where a cell uses it the kernel's object stands in its place.
 */

/** Replaces `Deno.jupyter`, where `Deno` is the one that `ambient` declares, by the kernel's object. */
export function replaceDeno(
  program: TypeScript.Program,
  ambient: string,
): TypeScript.TransformerFactory<TypeScript.SourceFile> {
  return (context) => {
    const { factory } = context;
    const isOurs = (node: TypeScript.Identifier) =>
      program
        .getTypeChecker()
        .getSymbolAtLocation(node)
        ?.declarations?.every((each) => each.getSourceFile().fileName === ambient);
    const visit = (node: TypeScript.Node): TypeScript.Node => {
      if (
        ts.isPropertyAccessExpression(node) &&
        ts.isIdentifier(node.expression) &&
        node.expression.text === "Deno" &&
        node.name.text === "jupyter" &&
        isOurs(node.expression)
      ) {
        const symbolFor = factory.createPropertyAccessExpression(factory.createIdentifier("Symbol"), "for");
        const key = factory.createCallExpression(symbolFor, undefined, [factory.createStringLiteral(DENO_KEY)]);
        return ts.setTextRange(
          factory.createElementAccessExpression(factory.createIdentifier("globalThis"), key),
          node,
        );
      }
      return ts.visitEachChild(node, visit, context);
    };
    return (file) => (file.text.includes("Deno") ? ts.visitNode(file, visit, ts.isSourceFile) : file);
  };
}
