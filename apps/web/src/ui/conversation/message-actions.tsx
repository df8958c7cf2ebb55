import type { Message } from "@parley/client";
import { useRef, useState } from "preact/hooks";
import type { Chat } from "../../chat/chat.ts";

interface Props {
  readonly chat: Chat;
  readonly message: Message;
}

/**
 * The buttons of the user's own message. They are shown when the pointer or the focus is on the row. On a button the key
 * Delete asks whether to delete the message, and Escape answers no.
 */
export function MessageActions({ chat, message }: Props) {
  const [step, setStep] = useState<"idle" | "asking" | "deleting">("idle");
  const [problem, setProblem] = useState("");
  const deleteButton = useRef<HTMLButtonElement>(null);
  const keep = () => {
    setStep("idle");
    // Once the question is gone.
    setTimeout(() => deleteButton.current?.focus());
  };
  const remove = async () => {
    setStep("deleting");
    const reason = await chat.deleteMessage(message);
    // A deleted message has no buttons any more once its change has arrived.
    setStep("idle");
    setProblem(reason ?? "");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Delete" && step === "idle") setStep("asking");
    else if (event.key === "Escape" && step === "asking") keep();
  };
  if (step !== "idle") {
    return (
      // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form.
      <div
        class="actions asking"
        role="group"
        aria-label="Delete this message for everybody?"
        onKeyDown={onKeyDown}
      >
        <span>Delete for everybody?</span>
        <button
          ref={(button) => button?.focus()}
          class="link"
          type="button"
          disabled={step === "deleting"}
          onClick={() => void remove()}
        >
          {step === "deleting" ? "Deleting…" : "Yes, delete"}
        </button>
        <button class="link" type="button" disabled={step === "deleting"} onClick={keep}>
          Keep
        </button>
      </div>
    );
  }
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form. */}
      <div class="actions" role="group" aria-label="Your message" onKeyDown={onKeyDown}>
        <button class="link" type="button" onClick={() => chat.startEditing(message)}>
          Edit
        </button>
        <button ref={deleteButton} class="link" type="button" onClick={() => setStep("asking")}>
          Delete
        </button>
      </div>
      {problem !== "" && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
