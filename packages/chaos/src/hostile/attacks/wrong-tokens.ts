import { randomBytes } from "node:crypto";
import type { Attack } from "../attack.ts";
import { type Attacker, upgradeTo } from "../attacker/attacker.ts";
import { withWrongSignature } from "../attacker/wrong-tokens.ts";

/** Number of handshakes that are under way at the same time. */
const CONCURRENT = 256;

/** Invalid tokens may occupy every slot for the verification of tokens. */
export const wrongTokens: Attack = {
  name: "wrong-tokens",
  title: "handshakes with tokens whose signature is wrong",
  shapes: ["split", "standalone"],
  perSecond: 1_000,
  unit: "handshakes",
  run: (attacker) => flood(attacker, () => withWrongSignature({ user: "nobody" })),
};

/** A token that names an unknown key makes the server ask the issuer for its keys, which takes time. */
export const unknownKeys: Attack = {
  name: "unknown-keys",
  title: "handshakes with tokens that name keys that the issuer doesn't have; the issuer takes 2 s to answer",
  shapes: ["split", "standalone"],
  perSecond: 1_000,
  unit: "handshakes",
  setup: { hasIssuer: true },
  run: (attacker) =>
    flood(attacker, () => {
      const keyId = randomBytes(8).toString("hex");
      return withWrongSignature({ user: "nobody", algorithm: "EdDSA", keyId });
    }),
};

function flood(attacker: Attacker, makeToken: () => string): Promise<void> {
  return attacker.inParallel(CONCURRENT, async () => {
    while (await attacker.turn()) {
      const socket = await attacker.open(attacker.gateway);
      if (!socket) continue;
      socket.write(upgradeTo("/ws", makeToken()));
      await attacker.answered(socket);
      socket.destroy();
    }
  });
}
