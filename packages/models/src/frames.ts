import { z } from "zod";
import { ERROR_CODES } from "./codes.ts";
import { content, cursor, id, meta, recipient, ref, retryAfterMs, time, username } from "./fields.ts";

/** The frames that clients send (P6, P10, P14, P70). Fields not named here are ignored (P11). */
export const clientFrames = {
  message: z
    .object({
      type: z.literal("message").default("message"),
      to: recipient.default(""),
      content,
      meta: meta.exactOptional(),
      ref: ref.optional(),
    })
    .meta({
      description: "Sends a message (P10). With a `ref`, the server acknowledges it once it is durable.",
    }),
  read: z.object({ type: z.literal("read"), with: recipient, id }).meta({
    description:
      'Everything in the conversation with `with` is read up to the message `id`; `with` is `""` for the public room. ' +
      "The server doesn't acknowledge it (P70).",
  }),
  ping: z.object({ type: z.literal("ping") }).meta({ description: "The server responds with `pong` (P14)." }),
  auth: z.object({ type: z.literal("auth"), token: z.string().min(1) }).meta({
    description: "Renews the connection's token, for the same user, before the old one expires (P6).",
  }),
};

/** A decoded frame of a client. */
export type ClientFrame = {
  [Type in keyof typeof clientFrames]: MetaAsText<z.infer<(typeof clientFrames)[Type]>>;
}[keyof typeof clientFrames];

/** What was decoded, with `meta` as the client wrote it: it is carried as text (P72). */
export type MetaAsText<T> = T extends { meta?: unknown } ? Omit<T, "meta"> & { readonly meta?: string } : T;

const code = z.enum(ERROR_CODES);

/** The frames that servers send (P5, P6, P10, P14, P20, P23, P30, P40, P70, P74). */
export const serverFrames = {
  ready: z.object({ type: z.literal("ready"), user: username, cursor, marks: z.literal(true) }).meta({
    description:
      "The first frame: every message after `cursor` arrives live. `marks` says that the server has read marks (P5). Only " +
      "with `chat.v1`.",
  }),
  message: z
    .object({
      type: z.literal("message"),
      id,
      from: username,
      to: recipient,
      content,
      meta: meta.exactOptional(),
      timestamp: time,
    })
    .meta({ description: "A live message. Messages arrive in log order, each once (P20, P21)." }),
  edited: z
    .object({
      type: z.literal("edited"),
      change: id,
      from: username,
      to: recipient,
      id,
      content,
      meta: meta.exactOptional(),
      timestamp: time,
    })
    .meta({
      description:
        "The message `id` has this content and `meta` from now on. `change` is the change's own id: a cursor (P74). " +
        "Only with `chat.v1`.",
    }),
  deleted: z
    .object({
      type: z.literal("deleted"),
      change: id,
      from: username,
      to: recipient,
      id,
      by: username.exactOptional(),
      timestamp: time,
    })
    .meta({
      description:
        "The message `id` is deleted, by its sender or by the moderator `by`. `change` is the change's own id: a " +
        "cursor (P74). Only with `chat.v1`.",
    }),
  read: z.object({ type: z.literal("read"), by: username, with: recipient, id }).meta({
    description:
      "`by` has read everything in the conversation with `with` up to the message `id`. The greatest `id` counts: frames " +
      "may come twice and in any order (P70). Only with `chat.v1`.",
  }),
  marks: z.object({ type: z.literal("marks") }).meta({
    description: "Read marks may have been missed: read `GET /conversations` (P70). Only with `chat.v1`.",
  }),
  ack: z
    .object({ type: z.literal("ack"), ref, id, timestamp: time })
    .meta({ description: "Acknowledges that the message with this `ref` is durable (P10)." }),
  auth: z
    .object({ type: z.literal("auth"), expiresAt: time })
    .meta({ description: "The server accepted the new token, which expires at `expiresAt` (P6)." }),
  pong: z.object({ type: z.literal("pong") }).meta({ description: "The response to `ping` (P14)." }),
  sync: z.object({ type: z.literal("sync"), cursor }).meta({
    description:
      "Live messages up to `cursor` may have been missed: read `GET /sync` (P23). Only with `chat.v1`.",
  }),
  reconnect: z.object({ type: z.literal("reconnect"), afterMs: z.number().int().nonnegative() }).meta({
    description:
      "The server will close this connection in `afterMs` milliseconds (P40). Only with `chat.v1`.",
  }),
  error: z
    .object({
      type: z.literal("error"),
      code,
      message: z.string().meta({ description: "A text for people. It may change." }),
      temporary: z.boolean().meta({ description: "True if the same request may succeed later." }),
      retryAfterMs: retryAfterMs.exactOptional(),
      ref: ref.exactOptional(),
    })
    .meta({ description: "A frame was refused or failed. The connection stays open (P30, P31)." }),
};

/** A frame that a server sends. */
export type ServerFrame = Readonly<
  { [Type in keyof typeof serverFrames]: z.infer<(typeof serverFrames)[Type]> }[keyof typeof serverFrames]
>;
