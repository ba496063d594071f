import { closeSync, openSync } from "node:fs";

interface OpenFile {
  readonly descriptor: number;
  users: number;
}

/** Open files by path, at most `limit` of them when idle: the least recently used one is closed first, never one in use. */
export class OpenFiles {
  private readonly files = new Map<string, OpenFile>();

  /** `check` is called with each file that was opened; a file it throws for is closed and opened again next time. */
  constructor(
    private readonly limit: number,
    private readonly check: (path: string, descriptor: number) => void,
  ) {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`invalid limit: ${limit}`);
  }

  private openChecked(path: string): OpenFile {
    const descriptor = openSync(path, "r");
    try {
      this.check(path, descriptor);
      return { descriptor, users: 0 };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  private take(path: string): OpenFile {
    const file = this.files.get(path) ?? this.openChecked(path);
    this.files.delete(path); // put back as the most recent
    this.files.set(path, file);
    file.users += 1;
    return file;
  }

  private give(file: OpenFile): void {
    file.users -= 1;
    this.shrink(this.limit);
  }

  /** Run `work` with the file at `path` open; it stays open until `work` has ended. */
  async use<T>(path: string, work: (descriptor: number) => Promise<T>): Promise<T> {
    const file = this.take(path);
    try {
      return await work(file.descriptor);
    } finally {
      this.give(file);
    }
  }

  /** `use` for work that does not wait. */
  useSync<T>(path: string, work: (descriptor: number) => T): T {
    const file = this.take(path);
    try {
      return work(file.descriptor);
    } finally {
      this.give(file);
    }
  }

  private shrink(limit: number): void {
    if (this.files.size <= limit) return;
    for (const [path, file] of this.files) {
      if (this.files.size <= limit) return;
      if (file.users > 0) continue;
      this.files.delete(path);
      closeSync(file.descriptor);
    }
  }

  /** Close every file that is not in use. */
  close(): void {
    this.shrink(0);
  }
}
