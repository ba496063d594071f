/** The project as a tar archive inside a Dockerfile: equal files give equal bytes, so that an image is built once. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** What a sandbox needs of the project, besides its packages. */
export const PROJECT_FILES: readonly string[] = [
  "package.json",
  "package-lock.json",
  ".npmrc",
  "tsconfig.base.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "LICENSE",
  "configs",
  "kernels",
  "src",
];

const BLOCK = 512;
/** One time for all files, older than anything compiled from them, and not 0, which the build takes for "absent". */
const MODIFIED_SECONDS = 1_000_000_000;
/** Below the 128 KiB that Linux allows for one argument. */
const CHUNK_CHARACTERS = 96 * 1024;

/** Folders of a package that a sandbox creates itself or does not need. */
const EXCLUDED: ReadonlySet<string> = new Set(["dist", "node_modules", "test"]);

/** Files under `paths` of `root`, sorted, forward slashes. */
async function filesUnder(root: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const children = await readdir(join(root, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOTDIR") return undefined;
      throw error;
    });
    if (children === undefined) found.push(path);
    else
      found.push(
        ...(await filesUnder(
          root,
          children.filter((child) => !EXCLUDED.has(child)).map((child) => `${path}/${child}`),
        )),
      );
  }
  return found.sort();
}

/** Header of a file in a ustar archive; RangeError when the path is longer than the format allows. */
function headerOf(path: string, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new RangeError(`invalid path: ${path}; an archive takes 100 bytes`);
  const header = Buffer.alloc(BLOCK);
  const put = (text: string, at: number) => header.write(text, at, "latin1");
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  header.write(path, 0, "utf8");
  put(octal(/\.(sh|mjs)$/.test(path) ? 0o755 : 0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size, 11), 124);
  put(octal(MODIFIED_SECONDS, 11), 136);
  put("        0", 148);
  put("ustar\x0000", 257);
  put(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
    148,
  );
  return header;
}

/** A gzipped ustar archive of the files and folders `paths` of `root`. */
export async function packFiles(root: string, paths: readonly string[]): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for (const path of await filesUnder(root, paths)) {
    const content = await readFile(join(root, path));
    blocks.push(headerOf(path, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 });
}

/** RUN commands that put an archive's files into the working folder of an image. */
export function unpackCommands(archive: Uint8Array): string[] {
  const text = Buffer.from(archive).toString("base64");
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += CHUNK_CHARACTERS) parts.push(text.slice(at, at + CHUNK_CHARACTERS));
  return [
    ...parts.map((part, i) => `RUN printf %s '${part}' ${i === 0 ? ">" : ">>"} /tmp/project.b64`),
    "RUN base64 -d /tmp/project.b64 | tar -xz --no-same-owner && rm /tmp/project.b64",
  ];
}
