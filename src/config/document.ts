/** docs/configuration.md, written from the schema. */
import { type KeyEntry, listKeys } from "./key-list.js";

const INTRODUCTION = `# Configuration

<!-- Written by \`ictal config docs\` from the options of the modules: change those, then run it again. -->

A run is described by one YAML file, given as \`--config FILE\`; \`--set section.key=value\` overrides one value. Only what
differs from the defaults need be given. An unknown key, or a value that is not allowed, is an error that names file, line, key,
value and what is allowed; a key that is given and has no effect is reported in one notice. Relative paths are relative to the
project's folder. Functions have the same defaults as files: both are made of the same descriptions.

- \`ictal config show --config FILE\` prints every key with its value and where it comes from (\`--json\` for scripts).
- \`ictal config schema\` prints the JSON Schema; \`configs/schema.json\` holds it. A file that begins with
  \`# yaml-language-server: $schema=./schema.json\` is completed and checked by editors with a YAML language server.

Keys and their places follow the reference system (brain-go-brr v2), so that its files load unchanged.
`;

const inTable = (text: string) => text.replaceAll("|", "\\|");
const asCode = (text: string) => (text === "" ? "" : `\`${inTable(text)}\``);

function conditionsInWords({ conditions }: KeyEntry): string {
  return conditions
    .map(({ reason, only, isAlways }) => {
      if (only !== undefined) return ` Acts only with \`${only}\`.`;
      return isAlways ? ` No effect here: ${reason}.` : ` Not always in effect: ${reason}.`;
    })
    .join("");
}

function rowOf(entry: KeyEntry, section: string): string {
  const name = section === "" ? entry.key : entry.key.slice(section.length + 1);
  const usual = entry.default === undefined ? "" : asCode(JSON.stringify(entry.default));
  const text = inTable(`${entry.description}${conditionsInWords(entry)}`);
  return `| ${[asCode(name), usual, entry.unit ?? "", inTable(entry.allowed), text].join(" | ")} |`;
}

function sectionText(section: KeyEntry, keys: readonly KeyEntry[]): string {
  const depth = section.key.split(".").length;
  const title = `${"#".repeat(depth + 1)} ${section.key}`;
  const text = `${section.description}${conditionsInWords(section)}`;
  if (keys.length === 0) return `${title}\n\n${text}\n`;
  const head = "| key | default | unit | allowed | meaning |\n|---|---|---|---|---|";
  return `${title}\n\n${text}\n\n${head}\n${keys.map((entry) => rowOf(entry, section.key)).join("\n")}\n`;
}

const parentOf = (key: string) => key.split(".").slice(0, -1).join(".");

/** The text of docs/configuration.md. */
export function configDocument(): string {
  const entries = listKeys();
  const sections = entries
    .filter(({ isSection }) => isSection)
    .map((section) =>
      sectionText(
        section,
        entries.filter(({ key, isSection }) => !isSection && parentOf(key) === section.key),
      ),
    );
  return [INTRODUCTION, ...sections].join("\n");
}
