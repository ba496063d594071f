import { NotFoundError } from "@ictal/base/errors";
import { isOwnAnnotation, PATIENT_LIST_NAME } from "../recording/annotation-corpus.js";
import type { Store } from "../store/store.js";
import { LAYOUTS, RECORDING_NAME } from "./layouts.js";

/** The kept fields of a listed object: there can be hundreds of thousands. */
export interface ListedFile {
  readonly key: string;
  readonly size: number;
  readonly etag?: string | undefined;
}

/** The files under a prefix, by use. */
export interface Listing {
  /** Address that was listed, for messages. */
  readonly url: string;
  /** The store's own path; before a key it makes the address by which layouts see the folders above the listed one. */
  readonly base: string;
  readonly recordings: readonly ListedFile[];
  /** Annotation files by key. */
  readonly annotations: ReadonlyMap<string, ListedFile>;
  /** Keys of BIDS participants.tsv. */
  readonly participants: readonly string[];
  /** Files that only look like recordings. */
  readonly ignored: readonly { readonly id: string; readonly reason: string; readonly code?: "compressed" }[];
  /** Annotation files that are compressed and not read. */
  readonly compressed: readonly string[];
}

/** Recordings and annotation files that were compressed one by one. */
const COMPRESSED_NAME = /\.(edf|bdf|csv|csv_bi|tse|tse_bi|tsv)\.(gz|zip|bz2|xz|zst)$/i;
const COMPRESSED_RECORDING = /\.(edf|bdf)\.[^.]*$/i;

const PARTICIPANTS_NAME = /(^|\/)participants\.tsv$/;
const ANNOTATION_NAME = /(\.(csv|csv_bi|tse|tse_bi)|_events\.tsv)$/i;

const isAnnotation = (key: string) => ANNOTATION_NAME.test(key) || isOwnAnnotation(key) || PATIENT_LIST_NAME.test(key);

/** Address of a listed key. */
export function addressOf({ base }: Pick<Listing, "base">, key: string): string {
  return base === "" ? key : `${base}/${key}`;
}

/** The path of an address: without scheme and slashes at the ends. */
function pathOf(url: string): string {
  return url.replace(/^[a-z][a-z0-9+.-]*:(\/\/)?/i, "").replace(/^\/+|\/+$/g, "");
}

function hiddenReason(key: string): string | undefined {
  const hidden = key.split("/").find((part) => part.startsWith("."));
  if (hidden === undefined) return undefined;
  return hidden.startsWith("._") ? "a macOS resource fork, not a recording" : `inside the hidden name "${hidden}"`;
}

/**
 * List recordings and annotation files under `prefix` (a folder of the store; "" is all of it). NotFoundError when
 * there is no recording, with what was listed and what is expected.
 */
export async function listCorpus(store: Store, prefix: string, signal?: AbortSignal): Promise<Listing> {
  const folder = prefix.replace(/^\/+|\/+$/g, "");
  const url = folder === "" ? store.url : `${store.url.replace(/\/+$/, "")}/${folder}`;
  const base = pathOf(store.url);
  const recordings: ListedFile[] = [];
  const annotations = new Map<string, ListedFile>();
  const ignored: { id: string; reason: string; code?: "compressed" }[] = [];
  const compressed: string[] = [];
  const participants: string[] = [];
  let others = 0;
  for await (const info of store.list(folder === "" ? "" : `${folder}/`, signal ? { signal } : {})) {
    const isRecording = RECORDING_NAME.test(info.key);
    const reason = hiddenReason(info.key);
    if (reason !== undefined) {
      if (isRecording) ignored.push({ id: info.key, reason });
    } else if (isRecording) recordings.push(kept(info));
    else if (COMPRESSED_NAME.test(info.key)) {
      if (COMPRESSED_RECORDING.test(info.key))
        ignored.push({
          id: info.key,
          code: "compressed",
          reason: "it is compressed; unpack it (gunzip), compressed recordings are not read",
        });
      else compressed.push(info.key);
    } else if (isAnnotation(info.key)) annotations.set(info.key, { key: info.key, size: info.size });
    else {
      if (PARTICIPANTS_NAME.test(info.key)) participants.push(info.key);
      others += 1;
    }
  }
  if (recordings.length === 0) {
    const packed = ignored.filter(({ code }) => code === "compressed").length;
    throw nothingFound(url, annotations.size, others + compressed.length, packed);
  }
  return { url, base, recordings, annotations, participants, ignored, compressed };
}

const kept = ({ key, size, etag }: ListedFile): ListedFile =>
  etag === undefined ? { key, size } : { key, size, etag };

function nothingFound(url: string, annotations: number, others: number, packed: number): NotFoundError {
  const held =
    annotations + others + packed === 0
      ? "it holds nothing"
      : packed > 0
        ? `it holds ${packed} compressed recordings (.gz); unpack them, compressed recordings are not read`
        : `it holds ${annotations} annotation files and ${others} other files, but no .edf or .bdf`;
  if (annotations + others + packed === 0)
    return new NotFoundError(`no recordings under ${url}: ${held}; check the path, or copy the corpus there`, url);
  const shapes = LAYOUTS.map(({ name, expected }) => `  ${name}: ${expected}`).join("\n");
  return new NotFoundError(
    `no recordings under ${url}: ${held}. Expected one of these below it (give the folder that holds edf/, or any folder above or below):\n${shapes}`,
    url,
  );
}
