/** The most usual ones. They are in composed form as they are. */
const ASCII_USERNAME = /^[A-Za-z0-9_.@+-]{1,64}$/;
export const USERNAME = /^[\p{L}\p{Nd}_.@+-]{1,64}$/u;

/** 1–64 letters, digits and `_ . @ + -`, in Unicode's composed form (P4). Compared exactly, case and all. */
export function isUsername(text: unknown): text is string {
  if (typeof text !== "string") return false;
  return ASCII_USERNAME.test(text) || (USERNAME.test(text) && text.normalize("NFC") === text);
}
