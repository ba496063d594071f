/** Where text goes that somebody may read more slowly than it comes. */
export interface PacedStream {
  readonly writableNeedDrain?: boolean;
  once?(event: "drain", listener: () => void): unknown;
}

/** A reader that takes nothing for so long is not waited for until it reads again. */
const LONGEST_WAIT_MILLISECONDS = 1000;
/** A slow reader holds up one cell by no more than this: the cell's time is its own. */
const CELL_WAIT_MILLISECONDS = 10_000;

/** Lets the reader of a stream keep up, so that what it has not read yet stays small. */
export interface ReaderPace {
  /** Resolves when `out` takes more text or the reader has had its time. */
  ready(): Promise<void>;
  cellStarted(): void;
}

export function createReaderPace(out: PacedStream): ReaderPace {
  let left = CELL_WAIT_MILLISECONDS;
  let stalled = false;
  const once = out.once?.bind(out);
  return {
    async ready() {
      if (!out.writableNeedDrain || !once || stalled || left <= 0) return;
      const started = performance.now();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(
          () => {
            stalled = true;
            resolve();
          },
          Math.min(LONGEST_WAIT_MILLISECONDS, left),
        );
        once("drain", () => {
          clearTimeout(timer);
          stalled = false;
          resolve();
        });
      });
      left -= performance.now() - started;
    },
    cellStarted() {
      left = CELL_WAIT_MILLISECONDS;
    },
  };
}
