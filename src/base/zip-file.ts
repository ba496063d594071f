/** Zip archives as files to read: the names in them and the bytes of one entry. */
import { type FileHandle, open } from "node:fs/promises";
import { FormatError, NotFoundError } from "@ictal/base/errors";
import { configure, type FileEntry, Reader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";

configure({ useWebWorkers: false }); // no worker threads besides Ictal's

/** An open file as zip.js wants it. */
export class ZipSource extends Reader<FileHandle> {
  constructor(
    private readonly handle: FileHandle,
    size: number,
  ) {
    super(handle);
    this.size = size;
  }

  /** Exactly the bytes asked for: zip.js takes fewer for more to come, and waits for them. */
  override async readUint8Array(offset: number, length: number): Promise<Uint8Array> {
    if (!(Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && offset + length <= this.size))
      throw new Error(`bytes ${offset} to ${offset + length} are asked for, the file ends at ${this.size}`);
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await this.handle.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) throw new Error(`the file ended at byte ${offset + filled} while it was read`);
      filled += bytesRead;
    }
    return bytes;
  }
}

/** An archive that is open for reading. */
export interface ZipFile {
  /** Names of its entries, folders excluded. */
  readonly names: readonly string[];
  /** Bytes that an entry holds when unpacked; undefined when there is none of that name. */
  sizeOf(name: string): number | undefined;
  /** The bytes of an entry, unpacked and checked against their CRC. Throws a FormatError on damage or when there is none. */
  bytes(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

function damaged(path: string, error: unknown): FormatError {
  const why = error instanceof Error ? error.message : String(error);
  return new FormatError(`not a sound zip archive (${why}); copy it again`, { file: path }, { cause: error });
}

function zipFile(path: string, handle: FileHandle, entries: ReadonlyMap<string, FileEntry>): ZipFile {
  return {
    names: [...entries.keys()],
    sizeOf: (name) => entries.get(name)?.uncompressedSize,
    async bytes(name) {
      const entry = entries.get(name);
      if (!entry) throw new FormatError(`no entry ${name} in the archive; copy it again`, { file: path });
      try {
        return await entry.getData(new Uint8ArrayWriter(), { checkSignature: true });
      } catch (error) {
        throw damaged(`${path}: ${name}`, error);
      }
    },
    close: () => handle.close(),
  };
}

/** Open an archive. Throws a NotFoundError when there is no such file, a FormatError when it is no archive. */
export async function openZip(path: string): Promise<ZipFile> {
  const handle = await open(path, "r").catch((error: Error) => {
    throw new NotFoundError(`${path} cannot be read: ${error.message}`, path, { cause: error });
  });
  try {
    const { size } = await handle.stat();
    const entries = await new ZipReader(new ZipSource(handle, size)).getEntries();
    return zipFile(path, handle, new Map(entries.flatMap((each) => (each.directory ? [] : [[each.filename, each]]))));
  } catch (error) {
    await handle.close();
    throw damaged(path, error);
  }
}
