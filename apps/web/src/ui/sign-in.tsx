import { ParleyError } from "@parley/client";
import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import { useId, useState } from "preact/hooks";
import { INVALID_NAME } from "../chat/names.ts";
import { type Session, sessionByName, sessionByToken } from "../saved/session.ts";
import { Logo } from "./logo.tsx";

interface Props {
  readonly onSession: (session: Session) => void;
}

type Method = "name" | "token";

/** Signs in by name if the server gives out tokens (P60), otherwise with a pasted token. */
export function SignIn({ onSession }: Props) {
  const [method, setMethod] = useState<Method>("name");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get(method) ?? "");
    setBusy(true);
    setProblem("");
    try {
      onSession(await sessionBy(method, text));
    } catch (error) {
      setBusy(false);
      setProblem(error instanceof ParleyError ? problemOf(error) : "This isn't a valid token.");
      if (error instanceof ParleyError && error.code === "not_found") setMethod("token");
    }
  }

  return (
    <main class="sign-in">
      <form onSubmit={submit} aria-busy={busy}>
        <h1>
          <Logo />
          Parley
        </h1>
        <p class="quiet">Chat with everyone, or with one person.</p>
        {method === "name" ? <NameField problem={problem} /> : <TokenField problem={problem} />}
        <button class="primary" type="submit" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <button
          class="link"
          type="button"
          onClick={() => {
            setMethod(method === "name" ? "token" : "name");
            setProblem("");
          }}
        >
          {method === "name" ? "Use a token instead" : "Use a name instead"}
        </button>
      </form>
    </main>
  );
}

function NameField({ problem }: { readonly problem: string }) {
  return (
    <Field label="Your name" problem={problem}>
      {(attributes) => <input {...attributes} name="name" dir="auto" autocomplete="username" autofocus />}
    </Field>
  );
}

/** `problem` is "" if there is none. */
export function TokenField({ problem }: { readonly problem: ComponentChildren }) {
  return (
    <Field label="Token" problem={problem}>
      {(attributes) => <textarea {...attributes} name="token" rows={4} autocomplete="off" />}
    </Field>
  );
}

interface FieldProps {
  readonly label: string;
  readonly problem: ComponentChildren;
  /** Renders the field itself, with the attributes that every field has. */
  readonly children: (attributes: ReturnType<typeof attributesOf>) => ComponentChildren;
}

/** A required field with its label and its problem. */
function Field({ label, problem, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(attributesOf(id, problem !== ""))}
      <p id={`${id}-problem`} class="problem" role="alert">
        {problem}
      </p>
    </div>
  );
}

function attributesOf(id: string, isInvalid: boolean) {
  return {
    id,
    required: true,
    autocapitalize: "none",
    spellcheck: false,
    "aria-invalid": isInvalid,
    "aria-describedby": `${id}-problem`,
  } as const;
}

async function sessionBy(method: Method, text: string): Promise<Session> {
  if (method === "name") return sessionByName(text);
  const session = sessionByToken(text);
  if (!session) throw new TypeError("The text is not a token.");
  return session;
}

function problemOf({ code }: ParleyError): string {
  if (code === "not_found") return "This server does not sign users in by name. Paste a token.";
  if (code === "invalid_username") return INVALID_NAME;
  if (code === "origin_not_allowed") return "The server does not allow this page's address to sign in.";
  return "The server cannot be reached. Try again.";
}
