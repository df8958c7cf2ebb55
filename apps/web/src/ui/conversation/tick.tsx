import type { Receipt } from "../../chat/unread/receipt.ts";

const TEXTS = { sent: "Sent", seen: "Seen" } as const;

/** One tick beside a message that was sent, and two beside one that the other user has seen. */
export function Tick({ receipt }: { readonly receipt: Receipt }) {
  return (
    <span class={`tick ${receipt}`} title={TEXTS[receipt]}>
      <svg viewBox="0 0 20 12" width="20" height="12" aria-hidden="true">
        <path d={receipt === "seen" ? "M2 6.5l3.5 3.5L12 2M9.5 9.5l.5.5L17 2" : "M6 6.5l3.5 3.5L17 2"} />
      </svg>
      <span class="visually-hidden">{TEXTS[receipt]}</span>
    </span>
  );
}
