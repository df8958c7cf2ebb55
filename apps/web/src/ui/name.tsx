import { useMemo } from "preact/hooks";
import { mayImitate } from "../chat/scripts.ts";

interface Props {
  readonly name: string;
  readonly class?: string | undefined;
}

/** Explains the badge. */
export const IMITATION_WARNING = "Mixed letters: this name may imitate another one";

/**
 * A username, isolated from the direction of the text around it (`bdi`). A badge marks a name that may imitate
 * another one. The badge comes first, so that a long name can't push it out of sight.
 */
export function Name({ name, class: className }: Props) {
  const hasBadge = useMemo(() => mayImitate(name), [name]);
  return (
    <>
      {hasBadge && (
        <>
          <span class="badge" role="img" aria-label={IMITATION_WARNING} title={IMITATION_WARNING}>
            !
          </span>{" "}
        </>
      )}
      <bdi class={className}>{name}</bdi>
    </>
  );
}
