/** Keeps the relay's position in a file. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Reads the position: after which cursor the relay continues, and the id of the last entry that was delivered. */
export function openState(file) {
  const state = read(file);
  /** Replaces the file in one step, so that it is never half written, not even after a power failure. */
  const save = (next) => {
    if (next.cursor === state.cursor && next.last === state.last) return;
    Object.assign(state, next);
    writeFileSync(`${file}.new`, JSON.stringify(state), { flush: true });
    renameSync(`${file}.new`, file);
  };
  return { state, save };
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return { cursor: "", last: "" }; // The first start: everything is delivered, from the beginning.
  }
}
