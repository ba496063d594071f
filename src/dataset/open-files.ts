import { type FileHandle, open } from "node:fs/promises";

interface OpenFile {
  handle: Promise<FileHandle>;
  users: number;
}

/** Open files by path, at most `limit` of them when idle: the least recently used one is closed first, never one in use. */
export class OpenFiles {
  private readonly files = new Map<string, OpenFile>();

  constructor(
    private readonly limit: number,
    private readonly check: (path: string, handle: FileHandle) => Promise<void>,
  ) {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`invalid limit: ${limit}`);
  }

  private async openChecked(path: string): Promise<FileHandle> {
    const handle = await open(path, "r");
    try {
      await this.check(path, handle);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Run `work` with the file at `path` open. */
  async use<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    const file = this.files.get(path) ?? { handle: this.openChecked(path), users: 0 };
    this.files.delete(path); // put back as the most recent
    this.files.set(path, file);
    file.users += 1;
    try {
      return await work(await file.handle);
    } catch (error) {
      await file.handle.catch(() => this.files.delete(path)); // a file that could not be opened is tried anew next time
      throw error;
    } finally {
      file.users -= 1;
      await this.shrink(this.limit);
    }
  }

  private async shrink(limit: number): Promise<void> {
    for (const [path, file] of this.files) {
      if (this.files.size <= limit) return;
      if (file.users > 0) continue;
      this.files.delete(path);
      await file.handle.then((handle) => handle.close());
    }
  }

  /** Close every file that is not in use. */
  async close(): Promise<void> {
    await this.shrink(0);
  }
}
