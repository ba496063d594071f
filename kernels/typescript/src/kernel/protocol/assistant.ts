import type { Language } from "../language/language.js";
import { blankMagics, completeMagic } from "../magics/magics.js";

/** The part of the language service that answers a front end. */
export type Assistant = Pick<Language, "complete" | "inspect" | "isComplete">;

const codePoints = (text: string) => [...text].length;

/** Completes the names of magics, and hides magics from a service that would take them for operators. */
export function withMagics(language: Assistant): Assistant {
  return {
    async complete(code, cursor) {
      const before = [...code].slice(0, cursor).join("");
      const magic = completeMagic(code, before.length);
      if (!magic || magic.matches.length === 0) return language.complete(await blankMagics(code), cursor);
      const cursorStart = codePoints(code.slice(0, magic.start));
      return { matches: magic.matches.map((text) => ({ text, type: "magic" })), cursorStart, cursorEnd: cursor };
    },
    inspect: async (code, cursor, level) => language.inspect(await blankMagics(code), cursor, level),
    isComplete: async (code) => language.isComplete(await blankMagics(code)),
  };
}
