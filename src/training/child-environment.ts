/**
 * glibc's memory settings for the training process (mallopt(3)). A step frees and allocates the same few gigabytes again; by
 * default glibc returns them to the system, which maps them again page by page and filled with zeros: 0.1 to 0.7 s of system
 * time per step of the full detector. Blocks above 64 MiB, and free memory beyond a gigabyte, are still returned. Other C
 * libraries ignore this.
 */
const GLIBC_SETTINGS = { MALLOC_MMAP_THRESHOLD_: String(64 * 2 ** 20), MALLOC_TRIM_THRESHOLD_: String(2 ** 30) };

/** The environment for a training process: this process's, whose own settings take precedence. */
export function trainingEnvironment(): NodeJS.ProcessEnv {
  return { ...GLIBC_SETTINGS, ...process.env };
}
