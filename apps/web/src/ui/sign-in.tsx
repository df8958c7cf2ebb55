import { ParleyError } from "@parley/client";
import type { TargetedSubmitEvent } from "preact";
import { useId, useState } from "preact/hooks";
import { type Session, sessionByName, sessionByToken } from "../chat/session.ts";
import { Mark } from "./logo.tsx";

interface Props {
  readonly onSession: (session: Session) => void;
}

type Way = "name" | "token";

/** By name where the server gives tokens to anybody (P60), else with a token that is pasted. */
export function SignIn({ onSession }: Props) {
  const [way, setWay] = useState<Way>("name");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get(way) ?? "");
    setBusy(true);
    setProblem("");
    try {
      onSession(await sessionBy(way, text));
    } catch (error) {
      setBusy(false);
      setProblem(error instanceof ParleyError ? wordsFor(error) : "That is no token.");
      if (error instanceof ParleyError && error.code === "not_found") setWay("token");
    }
  }

  return (
    <main class="sign-in">
      <form onSubmit={submit} aria-busy={busy}>
        <h1>
          <Mark />
          Parley
        </h1>
        <p class="quiet">Chat with everybody, or with one.</p>
        {way === "name" ? <NameField problem={problem} /> : <TokenField problem={problem} />}
        <button class="primary" type="submit" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <button
          class="link"
          type="button"
          onClick={() => {
            setWay(way === "name" ? "token" : "name");
            setProblem("");
          }}
        >
          {way === "name" ? "Use a token instead" : "Use a name instead"}
        </button>
      </form>
    </main>
  );
}

function NameField({ problem }: { readonly problem: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>Your name</label>
      <input
        id={id}
        name="name"
        required
        maxLength={64}
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        autofocus
        aria-invalid={problem !== ""}
        aria-describedby={`${id}-problem`}
      />
      <p id={`${id}-problem`} class="problem" role="alert">
        {problem}
      </p>
    </div>
  );
}

export function TokenField({ problem }: { readonly problem: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>Token</label>
      <textarea
        id={id}
        name="token"
        required
        rows={4}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={problem !== ""}
        aria-describedby={`${id}-problem`}
      />
      <p id={`${id}-problem`} class="problem" role="alert">
        {problem}
      </p>
    </div>
  );
}

async function sessionBy(way: Way, text: string): Promise<Session> {
  if (way === "name") return sessionByName(text);
  const session = sessionByToken(text);
  if (!session) throw new TypeError("no token");
  return session;
}

function wordsFor({ code }: ParleyError): string {
  if (code === "not_found") return "This server gives no tokens by name. Paste one that you were given.";
  if (code === "invalid_username") return "A name is 1 to 64 letters, digits, or one of _ . @ + -";
  if (code === "origin_not_allowed") return "The server does not let pages of this address sign in.";
  return "The server cannot be reached. Try again.";
}
