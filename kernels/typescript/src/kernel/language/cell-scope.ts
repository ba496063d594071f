import type { CellNames, NameKind } from "./cell-names.js";

/** Specifier by which the text of one cell refers to another. */
export const cellSpecifier = (cell: number) => `ictal-cell:${cell}`;

/** The number of the cell that such a specifier names; undefined for any other specifier. */
export function cellOf(specifier: string): number | undefined {
  return specifier.startsWith("ictal-cell:") ? Number(specifier.slice("ictal-cell:".length)) : undefined;
}

interface Origin {
  readonly cell: number;
  readonly kind: NameKind;
}

function refer(name: string, { cell, kind }: Origin): string {
  const from = cellSpecifier(cell);
  return kind === "alias"
    ? `import { ${name} } from "${from}";`
    : `declare ${kind} ${name}: typeof import("${from}").${name};`;
}

/** The names that cells have declared so far; the latest declaration of a name is the one that counts. */
export interface CellScope {
  /** The text to check for a cell: its code, then exports of what it declares and references to what it mentions. */
  textOf(code: string, names: CellNames): string;
  /** The text for looking at code that may break off: references to all names, then the code from `offset` to the end. */
  textBefore(code: string, names: CellNames): { readonly text: string; readonly offset: number };
  join(cell: number, names: CellNames): void;
  has(name: string): boolean;
}

export function createCellScope(): CellScope {
  const origins = new Map<string, Origin>();
  return {
    textOf(code, { declared, exported, mentioned }) {
      const own = [...declared.keys()].filter((name) => !exported.has(name));
      const references = [...mentioned].flatMap((name) => {
        const origin = origins.get(name);
        return origin && !declared.has(name) ? [refer(name, origin)] : [];
      });
      return [code, `export { ${own.join(", ")} };`, ...references].join("\n");
    },
    textBefore(code, { declared }) {
      const references = [...origins].flatMap(([name, origin]) => (declared.has(name) ? [] : [refer(name, origin)]));
      const before = `${["export {};", ...references].join("\n")}\n`;
      return { text: before + code, offset: before.length };
    },
    join(cell, { declared }) {
      for (const [name, kind] of declared) {
        origins.delete(name); // the latest comes last
        origins.set(name, { cell, kind });
      }
    },
    has: (name) => origins.has(name),
  };
}
