import type { Message } from "@parley/client";
import type { TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../../chat/chat.ts";
import { isForInputMethod, isTouch } from "./composer.tsx";

interface Props {
  readonly chat: Chat;
  /** The message of the user that is edited. */
  readonly message: Message;
}

/** Takes the place of the message field while a message is edited. Escape ends it, and the draft is as it was. */
export function EditForm({ chat, message }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(message.content);
  const [problem, setProblem] = useState("");
  const [isSaving, setSaving] = useState(false);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);

  const end = () => {
    chat.editing.value = undefined;
  };
  const save = async () => {
    if (isSaving || text.trim() === "") return;
    if (text === message.content) return end();
    setSaving(true);
    const reason = await chat.editMessage(message, text);
    if (chat.editing.peek() !== message) return;
    setSaving(false);
    if (reason === undefined) end();
    else setProblem(reason);
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (isForInputMethod(event)) return;
    if (event.key === "Escape") end();
    if (event.key !== "Enter" || event.shiftKey || isTouch()) return;
    event.preventDefault();
    void save();
  };
  return (
    <form
      class="composer editing"
      aria-label="Edit your message"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label class="quiet" for="composer">
        Edit your message
      </label>
      <textarea
        id="composer"
        ref={field}
        value={text}
        rows={Math.min(6, text.split("\n").length)}
        dir="auto"
        readOnly={isSaving}
        aria-describedby="composer-problem"
        onInput={(event: TargetedEvent<HTMLTextAreaElement>) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div class="actions">
        <button type="button" onClick={end}>
          Cancel
        </button>
        <button class="primary" type="submit" disabled={isSaving || text.trim() === ""}>
          {isSaving ? "Saving…" : "Save"}
        </button>
      </div>
      <p id="composer-problem" class="problem" role="alert">
        {problem}
      </p>
    </form>
  );
}
