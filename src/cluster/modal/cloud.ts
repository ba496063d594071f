/** The interface to a sandbox service: `sdk-cloud.ts` implements it for Modal, tests by a fake. */
import type { ImageRecipe } from "./image.js";

/** Where sandboxes run and what they all see. */
export interface CloudSetup {
  readonly app: string;
  /** @default the profile's */
  readonly environment?: string | undefined;
  /** A recipe, or the tag of an image in a registry. */
  readonly image: ImageRecipe | string;
  /** Mounted read-only at /data. */
  readonly bucket: {
    readonly name: string;
    readonly keyPrefix: string;
    readonly secret: string;
    readonly endpoint?: string | undefined;
  };
  /** Name of the volume at /results; created if missing. */
  readonly volume: string;
  /** Names of further secrets, as environment variables. */
  readonly secrets: readonly string[];
}

/** One sandbox. */
export interface SandboxSpec {
  readonly command: readonly string[];
  readonly gpu?: string | undefined;
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** A sandbox that was started. */
export interface Sandbox {
  readonly id: string;
  readonly stdout: AsyncIterable<string>;
  readonly stderr: AsyncIterable<string>;
  /** Exit code; 124 after the time limit, 137 when it was stopped from outside. */
  wait(): Promise<number>;
  stop(): Promise<void>;
}

export interface ListedSandbox {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface CloudCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The service. Its errors are ModalErrors with advice, or the signal's reason. */
export interface Cloud {
  /** A sandbox that was started when the signal came is stopped. */
  start(spec: SandboxSpec, options?: CloudCallOptions): Promise<Sandbox>;
  /** Sandboxes that are running and carry all of `tags`. */
  list(tags: Readonly<Record<string, string>>, options?: CloudCallOptions): Promise<ListedSandbox[]>;
  open(id: string, options?: CloudCallOptions): Promise<Sandbox>;
  close(): void;
}

/** Exit code of a sandbox at its time limit. */
export const TIME_LIMIT_EXIT = 124;

/** An error of the service, with a message that says what to do. */
export class ModalError extends Error {
  override readonly name = "ModalError";
}
