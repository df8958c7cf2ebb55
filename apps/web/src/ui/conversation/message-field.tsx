import type { ComponentChildren, RefObject, TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useLayoutEffect } from "preact/hooks";

interface Props {
  /** The text area, for its owner to focus. */
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly label: string;
  readonly text: string;
  /** The reason why the text wasn't taken, "" for none. */
  readonly problem: string;
  /** True if the text replaces the one of a message. The label is then visible, and names the form. */
  readonly isEdit?: boolean;
  readonly readOnly?: boolean;
  /** The buttons. */
  readonly children: ComponentChildren;
  readonly onText: (text: string) => void;
  readonly onSubmit: () => void;
  /** Called for each key that isn't for an input method. A key whose default action it prevents has no other effect. */
  readonly onKey: (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => void;
}

/** The field for the text of a message. Enter submits it, except on a touch screen, where Enter begins a new line. */
export function MessageField({
  field,
  label,
  text,
  problem,
  isEdit = false,
  readOnly = false,
  children,
  onText,
  onSubmit,
  onKey,
}: Props) {
  useLayoutEffect(() => {
    // On a touch screen the focus would open a keyboard over the conversation.
    if (isTouch() && !isEdit) return;
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (isForInputMethod(event)) return;
    onKey(event);
    if (event.defaultPrevented || event.key !== "Enter" || event.shiftKey || isTouch()) return;
    event.preventDefault();
    onSubmit();
  };
  return (
    <form
      class={isEdit ? "composer editing" : "composer"}
      aria-label={isEdit ? label : undefined}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <label class={isEdit ? "quiet" : "visually-hidden"} for="composer">
        {label}
      </label>
      <textarea
        id="composer"
        ref={field}
        value={text}
        rows={Math.min(6, text.split("\n").length)}
        dir="auto"
        placeholder={isEdit ? undefined : label}
        readOnly={readOnly}
        aria-describedby="composer-problem"
        onInput={(event: TargetedEvent<HTMLTextAreaElement>) => onText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {children}
      <p id="composer-problem" class="problem" role="alert">
        {problem}
      </p>
    </form>
  );
}

/**
 * Returns true for a key that belongs to an input method, which composes Japanese, Chinese or Korean text. In Safari,
 * the Enter that ends a composition comes after its end. Only the key code still shows it.
 */
function isForInputMethod({ isComposing, keyCode }: KeyboardEvent): boolean {
  return isComposing || keyCode === 229;
}

function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
