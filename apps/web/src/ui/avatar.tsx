import { hueOf } from "../chat/labels.ts";

/** A name's first letter in the colour of the name; for the eye alone, since the name stands beside it. */
export function Avatar({ name }: { readonly name: string }) {
  return (
    <span class={`avatar hue-${hueOf(name)}`} aria-hidden="true">
      {name === "" ? "#" : [...name][0]?.toUpperCase()}
    </span>
  );
}
