import { z } from "zod";
import { ERRORS, type ErrorCode } from "./codes.ts";
import { content, cursor, id, recipient, ref, retryAfterMs, time, username } from "./fields.ts";

/** What a client may say (P6, P10, P14). Fields that are not named here are ignored (P11). */
export const clientFrames = {
  message: z
    .object({
      type: z.literal("message").default("message"),
      to: recipient.default(""),
      content,
      ref: ref.optional(),
    })
    .meta({ description: "A message to send (P10). With a `ref` it is acknowledged once it is durable." }),
  ping: z.object({ type: z.literal("ping") }).meta({ description: "Is answered with `pong` (P14)." }),
  auth: z
    .object({ type: z.literal("auth"), token: z.string().min(1) })
    .meta({ description: "A fresh token for the same user, before the old one ends (P6)." }),
};

export type ClientFrame = {
  [Type in keyof typeof clientFrames]: z.infer<(typeof clientFrames)[Type]>;
}[keyof typeof clientFrames];

const code = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** What a server may say (P5, P6, P10, P14, P20, P23, P30, P40). */
export const serverFrames = {
  ready: z.object({ type: z.literal("ready"), user: username, cursor }).meta({
    description: "The first frame: what comes after `cursor` arrives live (P5). Only under `chat.v1`.",
  }),
  message: z
    .object({ type: z.literal("message"), id, from: username, to: recipient, content, timestamp: time })
    .meta({ description: "A message as it arrives, in log order, each once (P20, P21)." }),
  ack: z
    .object({ type: z.literal("ack"), ref, id, timestamp: time })
    .meta({ description: "The message sent with this `ref` is durable (P10)." }),
  auth: z
    .object({ type: z.literal("auth"), expiresAt: time })
    .meta({ description: "The new token was taken, and this is when it ends (P6)." }),
  pong: z.object({ type: z.literal("pong") }).meta({ description: "The answer to `ping` (P14)." }),
  sync: z.object({ type: z.literal("sync"), cursor }).meta({
    description: "Read GET /sync up to here: live messages were missed (P23). Only under `chat.v1`.",
  }),
  reconnect: z.object({ type: z.literal("reconnect"), afterMs: z.number().int().nonnegative() }).meta({
    description: "This connection will be closed in so many milliseconds (P40). Only under `chat.v1`.",
  }),
  error: z
    .object({
      type: z.literal("error"),
      code,
      message: z.string().meta({ description: "For people; may change." }),
      temporary: z.boolean().meta({ description: "Whether the same thing may succeed later." }),
      retryAfterMs: retryAfterMs.exactOptional(),
      ref: ref.exactOptional(),
    })
    .meta({ description: "What was asked for was not done; the connection stays open (P30, P31)." }),
};

export type ServerFrame = Readonly<
  { [Type in keyof typeof serverFrames]: z.infer<(typeof serverFrames)[Type]> }[keyof typeof serverFrames]
>;
