import { hueOf } from "../chat/names.ts";

/** A name's first letter in the name's colour. Hidden from screen readers, because the name is next to it. */
export function Avatar({ name }: { readonly name: string }) {
  return (
    <span class={`avatar hue-${hueOf(name)}`} aria-hidden="true">
      {name === "" ? "#" : [...name][0]?.toUpperCase()}
    </span>
  );
}
