import type { NotebookStore } from "@ictal/jupyter/cli/verb-host";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".ipynb": "application/x-ipynb+json",
};

/** Folder address and name of an object's address. */
function splitAddress(address: string): { folder: string; name: string } {
  const at = address.lastIndexOf("/") + 1;
  return { folder: address.slice(0, at), name: address.slice(at) };
}

/** Notebooks in S3 buckets; the SDK is loaded by the first that is read or written. */
export const notebookStore: NotebookStore = {
  scheme: "s3://",
  async read(address, signal) {
    const { openStore } = await import("../store/open-store.js");
    const { folder, name } = splitAddress(address);
    const store = openStore(folder);
    try {
      return await store.read(name, { signal });
    } finally {
      await store.close?.();
    }
  },
  async write(address, bytes, signal) {
    const { putObject } = await import("../store/put-object.js");
    const contentType = CONTENT_TYPES[/\.\w+$/.exec(address)?.[0] ?? ""];
    await putObject(address, bytes, { contentType, signal });
  },
};
