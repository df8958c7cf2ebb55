import fc from "fast-check";
import { isMeta } from "../meta.ts";

const spaces = fc.constantFrom("", " ", "\n\t");

/** The text of a `meta` as somebody may write it: with blanks, large numbers and repeated names. */
export const metaText = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }), spaces, spaces)
  .map(([value, before, after]) => `${before}${JSON.stringify(value, null, after)}${after}`)
  .filter(isMeta);
