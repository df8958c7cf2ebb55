import { Dice } from "./dice.ts";
import { randomFrame } from "./frames.ts";
import { authorization, handshake, randomRequest } from "./requests.ts";

/** One step of a hostile client. `answer`: waits until the server sends something, for 40 ms at most. */
export type Step = { readonly send: Buffer } | { readonly waitMs: number } | "answer" | "stop reading";

/** A whole connection: its steps and its end. `stay`: the client waits up to 100 ms for the server to close. */
export interface Script {
  readonly steps: readonly Step[];
  readonly end: "fin" | "rst" | "stay";
}

/** Returns the script with this number. The same seed and number always give the same script. */
export function scriptOf(seed: number, number: number, tokens: readonly string[]): Script {
  const dice = new Dice(Math.imul(seed, 0x9e3779b1) + number);
  const token = dice.pick(tokens);
  const steps: Step[] = [];
  if (dice.once(30)) steps.push({ waitMs: dice.number(200) });
  if (dice.once(12)) steps.push("stop reading");
  for (const part of partsOf(dice, token)) {
    for (const chunk of chunksOf(dice, damaged(dice, part))) {
      steps.push({ send: chunk });
      if (dice.once(4)) steps.push({ waitMs: dice.number(10) });
    }
    if (dice.once(2)) steps.push("answer");
  }
  const shown = dice.once(2) ? steps : steps.slice(0, dice.number(steps.length + 1));
  return { steps: shown, end: dice.pick(["fin", "rst", "rst", "stay"]) };
}

function partsOf(dice: Dice, token: string): Buffer[] {
  if (dice.once(20)) return [dice.bytes(dice.number(500))];
  const requests = dice.once(3) ? dice.number(12) : dice.number(3);
  const parts = Array.from({ length: requests }, () => Buffer.from(randomRequest(dice, token), "latin1"));
  if (dice.once(5)) return [Buffer.concat(parts)];
  if (dice.once(3)) return parts;
  const path = dice.once(5) ? dice.pick(["/", "/x", "/messages", "/auth/token"]) : "/ws";
  parts.push(Buffer.from(handshake(path, [authorization(dice, token)]), "latin1"));
  const frames = Array.from({ length: dice.number(20) }, () => randomFrame(dice));
  return dice.once(4) ? [Buffer.concat([...parts, ...frames])] : [...parts, ...frames];
}

/** Sometimes changes, adds or removes a few bytes. */
function damaged(dice: Dice, part: Buffer): Buffer {
  if (!dice.once(8) || part.length === 0) return part;
  const at = dice.number(part.length);
  const [before, after] = [part.subarray(0, at), part.subarray(at)];
  const kind = dice.pick(["change", "add", "remove"]);
  const added = kind === "remove" ? Buffer.alloc(0) : dice.bytes(1 + dice.number(4));
  return Buffer.concat([before, added, kind === "add" ? after : after.subarray(1)]);
}

/** Sometimes splits a part into chunks of random length, or into single bytes. Drops the bytes after 50 chunks. */
function chunksOf(dice: Dice, part: Buffer): Buffer[] {
  if (!dice.once(4)) return [part];
  const chunks: Buffer[] = [];
  const longest = dice.pick([1, 20, 500, 5_000]);
  for (let at = 0; at < part.length && chunks.length < 50; ) {
    const length = 1 + dice.number(longest);
    chunks.push(part.subarray(at, at + length));
    at += length;
  }
  return chunks;
}
