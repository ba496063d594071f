import { type MessageContents, PROTOCOL_VERSION } from "../../wire/message.js";

/** What the kernel reports of itself. */
export function kernelInfo(versions: { kernel: string; typescript: string }): MessageContents["kernel_info_reply"] {
  return {
    status: "ok",
    protocol_version: PROTOCOL_VERSION,
    implementation: "ictal",
    implementation_version: versions.kernel,
    language_info: {
      name: "typescript",
      version: versions.typescript,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: "typescript", // clients of runtimed (Zed, nteract) refuse an object without ipython's version
      nbconvert_exporter: "script",
    },
    banner: `Ictal ${versions.kernel}: TypeScript ${versions.typescript} on Node ${process.versions.node}`,
    help_links: [
      { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
      { text: "Node.js", url: "https://nodejs.org/docs/latest-v20.x/api/" },
    ],
    debugger: false,
    supported_features: [],
    ictal_settle: true,
  };
}
