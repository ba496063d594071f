/** A report as `--json` prints it: scripts know the list of excluded recordings as `leftOut`. */
export function reportJson<T extends { readonly excluded: unknown }>({
  excluded,
  ...rest
}: T): Omit<T, "excluded"> & { readonly leftOut: T["excluded"] } {
  return { ...rest, leftOut: excluded };
}
