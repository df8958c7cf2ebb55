import type { State } from "@parley/client";
import type { TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Chat } from "../chat/chat.ts";
import { closedWords, wordsFor } from "../chat/labels.ts";
import { keepSession, sessionByToken } from "../chat/session.ts";
import { TokenField } from "./sign-in.tsx";

/** How the connection is doing, always in the same place. */
export function StatusLine({ chat }: { readonly chat: Chat }) {
  const { connection, outbox } = chat.state.value;
  const waits = outbox.filter(({ phase }) => phase === "waiting" || phase === "sending").length;
  return (
    <div class={`status ${connection.phase}`}>
      <p role="status">{wordsFor(connection, waits)}</p>
      {connection.phase === "offline" && (
        <>
          <Countdown until={connection.retryAt} />
          <button class="link" type="button" onClick={() => chat.reconnectNow()}>
            Try now
          </button>
        </>
      )}
      {connection.phase === "closed" && <Closed chat={chat} connection={connection} />}
    </div>
  );
}

/** Not told to screen readers, which would read every second aloud. */
function Countdown({ until }: { readonly until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((until - now) / 1_000);
  return <p aria-hidden="true">{seconds > 0 ? `Next try in ${seconds} s` : "Trying again…"}</p>;
}

interface ClosedProps {
  readonly chat: Chat;
  readonly connection: Extract<State, { phase: "closed" }>;
}

/** For good, so only a person can mend it. What they wrote meanwhile is kept. */
function Closed({ chat, connection }: ClosedProps) {
  const [problem, setProblem] = useState("");
  const { text, needsToken } = closedWords(connection.error?.code);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!needsToken) return chat.resume(chat.session);
    const session = sessionByToken(String(new FormData(event.currentTarget).get("token") ?? ""));
    if (!session) return setProblem("That is no token.");
    if (session.user !== chat.session.user) return setProblem(`That token is for ${session.user}.`);
    keepSession(sessionStorage, session);
    chat.resume(session);
  };
  return (
    <form class="closed-form" onSubmit={submit}>
      <p role="alert">
        {text} {needsToken && "Paste a new one to go on: nothing that you wrote is lost."}
      </p>
      {needsToken && <TokenField problem={problem} />}
      <button class="primary" type="submit">
        {needsToken ? "Go on" : "Try again"}
      </button>
    </form>
  );
}
