import { formatId } from "@parley/models";
import type { Attack } from "../attack.ts";
import { clientFrame, repeated } from "../attacker/frames.ts";
import { keepSending } from "../attacker/keep-sending.ts";
import { withWrongSignature } from "../attacker/wrong-tokens.ts";

const MAX_FRAME_BYTES = 65_535;
/** Ten invalid frames in a row end a connection (P32), so every tenth frame of a connection is valid. */
const INVALID_IN_A_ROW = 9;
/** Beyond the end of every log, so that it counts as the end. */
const BEYOND = formatId({ ms: 9_999_999_999_999, seq: 0 });
const PING = clientFrame('{"type":"ping"}');

/** The gateway must parse each frame to its end to find out that the frame is invalid. */
export const garbageFrames: Attack = {
  name: "garbage-frames",
  title: "frames of 64 KiB that don't parse, 13 MB/s on 4 connections",
  shapes: ["split", "standalone"],
  perSecond: 200,
  unit: "frames",
  run: (attacker) => {
    const garbage = clientFrame('{"content":"'.padEnd(MAX_FRAME_BYTES, "\\u0061").slice(0, MAX_FRAME_BYTES));
    const next = (_n: number, own: number) =>
      own % (INVALID_IN_A_ROW + 1) === INVALID_IN_A_ROW ? PING : garbage;
    return keepSending(attacker, { connections: 4, next });
  },
};

/** The gateway verifies the token of each `auth` frame. */
export const authFrames: Attack = {
  name: "auth-frames",
  title: "1,000 `auth` frames a second with wrong tokens, from 4 accounts on 20 connections",
  shapes: ["split", "standalone"],
  perSecond: 1_000,
  unit: "frames",
  accounts: 4,
  run: (attacker) => {
    const next = (n: number) => {
      const token = withWrongSignature({ user: `mallory-${n % 4}` });
      return clientFrame(JSON.stringify({ type: "auth", token }));
    };
    return keepSending(attacker, { connections: 20, next });
  },
};

/** The gateway answers each ping. */
export const pingFrames: Attack = {
  name: "ping-frames",
  title: "`ping` frames, 6 MB/s on 4 connections",
  shapes: ["split", "standalone"],
  perSecond: 100,
  unit: "writes of 64 KiB",
  run: (attacker) => {
    const pings = repeated(PING, MAX_FRAME_BYTES);
    return keepSending(attacker, { connections: 4, next: () => pings });
  },
};

/** A mark of one more conversation takes memory of the gateway and of Redis, and a question to the store. */
export const markFrames: Attack = {
  name: "mark-frames",
  title: "1,000 read marks a second, each of another conversation, on 4 connections",
  shapes: ["split", "standalone"],
  perSecond: 1_000,
  unit: "frames",
  run: (attacker) => {
    const next = (n: number) =>
      clientFrame(JSON.stringify({ type: "read", with: `nobody-${n}`, id: BEYOND }));
    return keepSending(attacker, { connections: 4, next });
  },
};
