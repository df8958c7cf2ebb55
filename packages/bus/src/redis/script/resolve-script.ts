/** Reads a Lua file by its name, such as `append.lua` or `include/refs.lua`. Returns undefined if it doesn't exist. */
export type ReadLua = (file: string) => string | undefined;

const DIRECTIVE = /^[ \t]*--[ \t]*@(.*)\n?/gm;

/**
 * Returns the complete text of a script: the files that it includes, directly or through other files, and then the
 * script itself. Each file occurs once, after the files that it includes, because a Lua local must be defined above its
 * first use.
 *
 * A file includes `include/refs.lua` with the line `-- @include refs`. Throws an error that names the file if a file
 * is missing, if files include each other, or if a line `-- @…` isn't an include.
 */
export function resolveScript(name: string, read: ReadLua): string {
  const texts = new Map<string, string>();

  function add(file: string, includedBy: readonly string[]): void {
    const trail = [...includedBy, file];
    if (includedBy.includes(file)) throw new Error(`Lua files include each other: ${trail.join(" -> ")}`);
    if (texts.has(file)) return;
    const text = read(file);
    if (text === undefined) throw new Error(`Lua file not found: ${trail.join(" -> ")}`);
    for (const [, directive = ""] of text.matchAll(DIRECTIVE)) add(includedFile(file, directive), trail);
    texts.set(file, text.replace(DIRECTIVE, ""));
  }

  add(`${name}.lua`, []);
  return [...texts.values()].join("\n");
}

function includedFile(file: string, directive: string): string {
  const included = /^include (\w+)$/.exec(directive)?.[1];
  if (included === undefined) throw new Error(`${file}: unknown directive "@${directive}"`);
  return `include/${included}.lua`;
}
