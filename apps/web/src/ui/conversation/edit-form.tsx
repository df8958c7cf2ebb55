import type { Message } from "@parley/client";
import type { TargetedKeyboardEvent } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Chat } from "../../chat/chat.ts";
import { MessageField } from "./message-field.tsx";

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
  const onKey = ({ key }: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (key === "Escape") end();
  };
  return (
    <MessageField
      field={field}
      label="Edit your message"
      text={text}
      problem={problem}
      isEdit
      readOnly={isSaving}
      onText={setText}
      onSubmit={() => void save()}
      onKey={onKey}
    >
      <div class="actions">
        <button type="button" onClick={end}>
          Cancel
        </button>
        <button class="primary" type="submit" disabled={isSaving || text.trim() === ""}>
          {isSaving ? "Saving…" : "Save"}
        </button>
      </div>
    </MessageField>
  );
}
