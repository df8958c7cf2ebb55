/** Reads a Lua file by its name, such as `append.lua` or `include/refs.lua`. Returns undefined if it doesn't exist. */
export type ReadLua = (file: string) => string | undefined;

const DIRECTIVE = /^([ \t]*)--[ \t]*@(.*)\n?/gm;

/**
 * Returns the complete text of a script: the files that it includes, directly or through other files, and then the
 * script itself. Each file occurs once, after the files that it includes, because a Lua local must be defined above its
 * first use.
 *
 * A file includes `include/refs.lua` with the line `-- @include refs`. If the line is indented, inside a function, the file
 * is put there, with those files that aren't above already. Its functions are then created only if the function is called,
 * which saves time: Redis creates all other functions of a script in every call.
 *
 * Throws an error that names the file if a file is missing, if files include each other, or if a line `-- @…` isn't an
 * include.
 */
export function resolveScript(name: string, read: ReadLua): string {
  return resolve(`${name}.lua`, read, { above: new Set(), trail: [] });
}

/** The files that are above the place at which a file is put, and the files that include it. */
interface Place {
  readonly above: ReadonlySet<string>;
  readonly trail: readonly string[];
}

function resolve(main: string, read: ReadLua, place: Place): string {
  const texts = new Map<string, string>();

  function add(file: string, includedBy: readonly string[]): void {
    const trail = [...includedBy, file];
    if (includedBy.includes(file)) throw new Error(`Lua files include each other: ${trail.join(" -> ")}`);
    if (place.above.has(file) || texts.has(file)) return;
    const text = read(file);
    if (text === undefined) throw new Error(`Lua file not found: ${trail.join(" -> ")}`);
    for (const [, indent, directive = ""] of text.matchAll(DIRECTIVE))
      if (indent === "") add(includedFile(file, directive), trail);
    const above = new Set([...place.above, ...texts.keys()]);
    const resolved = text.replace(DIRECTIVE, (_, indent: string, directive: string) =>
      indent === "" ? "" : resolve(includedFile(file, directive), read, { above, trail }),
    );
    texts.set(file, resolved);
  }

  add(main, place.trail);
  return [...texts.values()].join("\n");
}

function includedFile(file: string, directive: string): string {
  const included = /^include (\w+)$/.exec(directive)?.[1];
  if (included === undefined) throw new Error(`${file}: unknown directive "@${directive}"`);
  return `include/${included}.lua`;
}
