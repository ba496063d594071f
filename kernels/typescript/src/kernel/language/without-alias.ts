/** A signature without the words that it is imported: names of earlier cells are, too. */
export function withoutAlias(signature: string): string {
  if (!signature.startsWith("(alias) ")) return signature;
  return signature.slice("(alias) ".length).replace(/\nimport [^\n]*$/, "");
}
