/** Reports on paper. */
import { resolve } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { NotFoundError } from "@ictal/base/errors";
import { CHROMIUM_HINT, chromiumPath } from "@ictal/jupyter/browser/chromium";
import { printPdf } from "@ictal/jupyter/browser/print-pdf";

/** Where Chromium lies, which prints. Throws a NotFoundError where there is none. */
export function requirePrinter(): string {
  const path = chromiumPath();
  if (path === undefined) throw new NotFoundError(`no Chromium to print with (--pdf): ${CHROMIUM_HINT}`, "chromium");
  return path;
}

/** Prints a self-contained page to `file`. */
export async function writePdf(
  file: string,
  html: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  await writeFileAtomic(resolve(file), await printPdf(requirePrinter(), html, { signal }), { signal });
}
