/** JSON files that carry the checksum of their own content. */
import { hashOf } from "@ictal/base/canonical";
import { FormatError } from "@ictal/base/errors";

/** The content with the SHA-256 of its canonical JSON as `checksum`. */
export function sealed<T extends object>(content: T): T & { readonly checksum: string } {
  return { ...content, checksum: hashOf(content) };
}

/** The content of a sealed file. Throws a FormatError where it is not that of its checksum; `advice` says what to do. */
export function unsealed<T extends { readonly checksum: string }>(
  { checksum, ...content }: T,
  file: string,
  advice: string,
): Omit<T, "checksum"> {
  if (checksum === hashOf(content)) return content;
  throw new FormatError(`its content is not that of its checksum: it was edited or damaged; ${advice}`, {
    file,
    field: "checksum",
  });
}
