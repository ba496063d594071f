/** Who holds a lock. */
export interface LockHolder {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
  /** When it was taken, ISO 8601; "" where the lock does not have it. */
  readonly since: string;
  /** Time of the last heartbeat, in milliseconds by the file system's clock. */
  readonly modified: number;
  /** False where the file may not be read. */
  readonly isRead: boolean;
  /** False where it holds no lock's text. */
  readonly isWhole: boolean;
}

/** A lock that this process holds. */
export interface HeldLock {
  /** False once another took it for left behind. */
  isOurs(): boolean;
  /** A heartbeat, for those who cannot see this process. */
  heartbeat(): void;
  /** Give it up; a lock that is another's by now stays. */
  release(): void;
}

export interface LockerOptions {
  /** How long a lock whose process cannot be seen from here must stand still to count as left behind. @default 60 s */
  readonly staleMilliseconds?: number | undefined;
  /** The same for a file that holds no lock's text. @default 2 s */
  readonly brokenMilliseconds?: number | undefined;
}

/** Takes one lock; it remembers how long the present one has stood still. */
export interface Locker {
  /** The lock, or whom to wait for. Throws the system's error where the folder cannot be written to. */
  take():
    | { readonly lock: HeldLock }
    | { readonly lock?: undefined; readonly holder: LockHolder & { readonly hasHeartbeat: boolean } };
}

export function createLocker(path: string, options?: LockerOptions): Locker;
export function readHolder(path: string): LockHolder | undefined;
export function judgeHolder(holder: LockHolder): "gone" | "alive" | "unknown";
export function isAlive(pid: number): boolean;
export function startOf(pid: number): string | undefined;
