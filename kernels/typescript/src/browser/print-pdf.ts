import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { onAbort } from "@ictal/base/on-abort";
import { openPage } from "./page.js";

const A4_INCHES = { paperWidth: 8.27, paperHeight: 11.69 };
const MARGIN_INCHES = 0.55;

const FOOTER = `<div style="width:100%;text-align:right;font:7pt sans-serif;color:#666;padding:0 0.55in"><span class="pageNumber"></span> / <span class="totalPages"></span></div>`;

/** Links to files lead nowhere from a PDF that is sent to someone. */
const UNLINK_FILES = `for (const link of document.querySelectorAll("a[href]"))
  if (!/^(?:https?:|#)/.test(link.getAttribute("href"))) link.removeAttribute("href")`;

/**
 * A self-contained HTML page as the bytes of a PDF on A4 with page numbers, printed by the browser `executable`, cut off from any
 * network. Aborting ends the browser.
 */
export async function printPdf(
  executable: string,
  html: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const page = await openPage(executable);
  const release = onAbort(signal, () => void page.close().catch(() => {})); // the call that is under way rejects
  try {
    const path = join(page.folder, "report.html");
    await writeFile(path, html);
    await page.open(pathToFileURL(path).href);
    await page.evaluate(UNLINK_FILES);
    const margins = {
      marginTop: MARGIN_INCHES,
      marginBottom: MARGIN_INCHES,
      marginLeft: MARGIN_INCHES,
      marginRight: MARGIN_INCHES,
    };
    const { data } = await page.send<{ data: string }>("Page.printToPDF", {
      ...{ ...A4_INCHES, ...margins, printBackground: true, generateTaggedPDF: true, generateDocumentOutline: true },
      ...{ displayHeaderFooter: true, headerTemplate: "<span></span>", footerTemplate: FOOTER },
    });
    return Buffer.from(data, "base64");
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    release();
    await page.close();
  }
}
