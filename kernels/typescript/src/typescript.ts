import type * as TypeScript from "typescript";
import { ts as compiler } from "./kernel/language/load-typescript.js";

/** The compiler as the runner uses it: with V8's code that the kernels keep, it loads in half the time of `import "typescript"`. */
export const ts: typeof TypeScript = compiler;

/** Types of its syntax trees. */
export declare namespace ts {
  export type ArrayLiteralExpression = TypeScript.ArrayLiteralExpression;
  export type BindingName = TypeScript.BindingName;
  export type CallExpression = TypeScript.CallExpression;
  export type Expression = TypeScript.Expression;
  export type Identifier = TypeScript.Identifier;
  export type ImportDeclaration = TypeScript.ImportDeclaration;
  export type LiteralTypeNode = TypeScript.LiteralTypeNode;
  export type Node = TypeScript.Node;
  export type NodeFlags = TypeScript.NodeFlags;
  export type ObjectLiteralExpression = TypeScript.ObjectLiteralExpression;
  export type PrefixUnaryExpression = TypeScript.PrefixUnaryExpression;
  export type SyntaxKind = TypeScript.SyntaxKind;
  export type TypeLiteralNode = TypeScript.TypeLiteralNode;
  export type TypeNode = TypeScript.TypeNode;
  export type TypeReferenceNode = TypeScript.TypeReferenceNode;
}
