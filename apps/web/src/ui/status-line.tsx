import type { State } from "@parley/client";
import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Chat } from "../chat/chat.ts";
import { closedReason, connectionLabel } from "../chat/labels.ts";
import { sessionByToken, storeSession } from "../saved/session.ts";
import { Name } from "./name.tsx";
import { TokenField } from "./sign-in.tsx";

/**
 * The connection's state, always in the same place. A longer notice is shown over the content, so that the content
 * never moves.
 */
export function StatusLine({ chat }: { readonly chat: Chat }) {
  const { connection, outbox } = chat.state.value;
  const waiting = outbox.filter(({ phase }) => phase === "waiting" || phase === "sending").length;
  return (
    <div class={`status ${connection.phase}`}>
      <div class="line">
        <p role="status">{connectionLabel(connection, waiting)}</p>
        {connection.phase === "offline" && (
          <>
            <Countdown key={connection.retryAt} until={connection.retryAt} />
            <button class="link" type="button" onClick={() => chat.reconnectNow()}>
              Try now
            </button>
          </>
        )}
      </div>
      {connection.phase === "closed" && <Closed chat={chat} connection={connection} />}
    </div>
  );
}

/** The seconds until the next attempt. Hidden from screen readers, which would read out every change. */
function Countdown({ until }: { readonly until: number }) {
  // The SDK states a wall time. The wait itself is measured by the monotonic clock.
  const [end] = useState(() => performance.now() + until - Date.now());
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((end - now) / 1_000);
  return (
    <p class="countdown" aria-hidden="true">
      {seconds > 0 ? `Next attempt in ${seconds} s` : "Trying again…"}
    </p>
  );
}

interface ClosedProps {
  readonly chat: Chat;
  readonly connection: Extract<State, { phase: "closed" }>;
}

/** Shown when the client is closed for good. The user continues with a new token, or tries again. Drafts are kept. */
function Closed({ chat, connection }: ClosedProps) {
  const [problem, setProblem] = useState<ComponentChildren>("");
  const { text, needsToken } = closedReason(connection.error?.code);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!needsToken) return chat.resume(chat.session);
    const session = sessionByToken(String(new FormData(event.currentTarget).get("token") ?? ""));
    if (!session) return setProblem("This isn't a valid token.");
    if (session.user !== chat.session.user) {
      return setProblem(
        <>
          This token is for <Name name={session.user} />.
        </>,
      );
    }
    storeSession(session);
    chat.resume(session);
  };
  return (
    <form class="closed-form" onSubmit={submit}>
      <p role="alert">
        {text} {needsToken && "Paste a new one to continue. Nothing that you wrote is lost."}
      </p>
      {needsToken && <TokenField problem={problem} />}
      <button class="primary" type="submit">
        {needsToken ? "Continue" : "Try again"}
      </button>
    </form>
  );
}
