import type { TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../../chat/chat.ts";

interface Props {
  readonly chat: Chat;
  readonly partner: string;
}

/** The message field. It saves the draft at every keystroke, so that a reload loses nothing. */
export function Composer({ chat, partner }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => chat.saved.draft(partner));
  const [problem, setProblem] = useState("");
  useLayoutEffect(() => {
    // On a touch screen the focus would open a keyboard over the conversation.
    if (!isTouch()) field.current?.focus();
  }, []);

  const setDraft = (next: string) => {
    setText(next);
    setProblem("");
    chat.saved.setDraft(partner, next);
  };
  const send = () => {
    if (text.trim() === "") return;
    if (chat.send(partner, text)) setDraft("");
    else setProblem("Too many messages wait to be sent. This one stays here until some have been sent.");
    field.current?.focus();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "ArrowUp" && text === "" && !isForInputMethod(event)) {
      event.preventDefault();
      chat.startEditing();
      return;
    }
    if (event.key !== "Enter" || event.shiftKey || isForInputMethod(event) || isTouch()) return;
    event.preventDefault();
    send();
  };
  // These characters isolate the name from the direction of the text around it. An attribute can't contain a `bdi`.
  const label = partner === "" ? "Message to everybody" : `Message to \u2068${partner}\u2069`;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="visually-hidden" for="composer">
        {label}
      </label>
      <textarea
        id="composer"
        ref={field}
        value={text}
        rows={Math.min(6, text.split("\n").length)}
        dir="auto"
        placeholder={label}
        aria-describedby="composer-problem"
        onInput={(event: TargetedEvent<HTMLTextAreaElement>) => setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button class="primary" type="submit" disabled={text.trim() === ""}>
        Send
      </button>
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
export function isForInputMethod({ isComposing, keyCode }: KeyboardEvent): boolean {
  return isComposing || keyCode === 229;
}

export function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
