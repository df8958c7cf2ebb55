import type { TargetedKeyboardEvent } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Chat } from "../../chat/chat.ts";
import { MessageField } from "./message-field.tsx";

interface Props {
  readonly chat: Chat;
  readonly partner: string;
}

/** The field for a new message. It saves the draft at every keystroke, so that a reload loses nothing. */
export function Composer({ chat, partner }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => chat.saved.draft(partner));
  const [problem, setProblem] = useState("");

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
  const onKey = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== "ArrowUp" || text !== "") return;
    event.preventDefault();
    chat.startEditing();
  };
  // These characters isolate the name from the direction of the text around it. An attribute can't contain a `bdi`.
  const label = partner === "" ? "Message to everybody" : `Message to \u2068${partner}\u2069`;
  return (
    <MessageField
      field={field}
      label={label}
      text={text}
      problem={problem}
      onText={setDraft}
      onSubmit={send}
      onKey={onKey}
    >
      <button class="primary" type="submit" disabled={text.trim() === ""}>
        Send
      </button>
    </MessageField>
  );
}
