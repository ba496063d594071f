/*
 * Text of notebooks and kernels as it may come to a terminal: a control sequence in a title or a message could move the
 * cursor, rename the window or fill the clipboard.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const SEQUENCE = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]/g;
const LONG_SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const COLOUR = /(\u001b\[[0-9;:]*m)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const LINE_EDIT = /(\u001b\[[0-9;:]*m|\u001b\[[0-2]?K|[\r\b])/;

/** The text without control sequences and control characters, line feeds and tabs excepted. */
export function withoutControls(text: string): string {
  return text.replace(LONG_SEQUENCE, "").replace(SEQUENCE, "").replace(CONTROL, "");
}

const keeping = (kept: RegExp) => (text: string) =>
  text
    .split(kept)
    .map((part, index) => (index % 2 === 1 ? part : withoutControls(part)))
    .join("");

/** The same, but colours and weights stay. */
export const withColours = keeping(COLOUR);

/** The same, but what progress bars need stays too: the return and the step back within a line, and erasing it. */
export const withLineEdits = keeping(LINE_EDIT);
