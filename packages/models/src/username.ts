export const USERNAME = /^[\p{L}\p{Nd}_.@+-]{1,64}$/u;

/** 1–64 letters, digits and `_ . @ + -`, in Unicode's composed form (P4). Compared exactly, case and all. */
export function isUsername(text: unknown): text is string {
  return typeof text === "string" && USERNAME.test(text) && text.normalize("NFC") === text;
}
