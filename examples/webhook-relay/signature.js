/** Signs deliveries, and verifies them at the receiver. The secret never leaves the two programs. */
import { createHmac, timingSafeEqual } from "node:crypto";

/** The age of a delivery at which a receiver refuses it, in seconds. So nobody can repeat an old one that they have seen. */
const MAX_AGE = 300;

/** Returns the headers that prove when a body was sent, and by whom. */
export function sign(secret, body, time = Math.floor(Date.now() / 1000)) {
  return { "parley-time": String(time), "parley-signature": `v1=${hmac(secret, time, body)}` };
}

/** Tells if the headers belong to this body, and aren't older than five minutes. `body` is the text as it arrived. */
export function verify(secret, headers, body, now = Date.now() / 1000) {
  const time = headers["parley-time"] ?? "";
  if (!/^\d{1,12}$/.test(time) || Math.abs(now - Number(time)) > MAX_AGE) return false;
  const expected = Buffer.from(`v1=${hmac(secret, time, body)}`);
  const given = Buffer.from(headers["parley-signature"] ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function hmac(secret, time, body) {
  return createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
}
