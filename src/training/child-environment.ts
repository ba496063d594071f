/**
 * How the training process asks glibc to manage its memory (mallopt(3)). A step frees and takes the same few gigabytes
 * again; unasked, glibc gives them back to the system, which hands them out anew page by page and filled with zeros: 0.1
 * to 0.7 s of the system's time per step of the full detector. Blocks above 64 MiB, and free memory beyond a gigabyte,
 * still go back. Other C libraries do not read this.
 */
const KEPT_MEMORY = { MALLOC_MMAP_THRESHOLD_: String(64 * 2 ** 20), MALLOC_TRIM_THRESHOLD_: String(2 ** 30) };

/** The environment for a training process: this process's, which wins where it says something else. */
export function trainingEnvironment(): NodeJS.ProcessEnv {
  return { ...KEPT_MEMORY, ...process.env };
}
