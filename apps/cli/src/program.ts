import { readEnv } from "@parley/service/env";
import { Command } from "commander";
import { chat } from "./chat/chat.ts";
import { CHAT_HELP } from "./chat/parse-input.ts";
import { edit, remove } from "./commands/change.ts";
import { conversations } from "./commands/conversations.ts";
import * as deadLetters from "./commands/dead-letters.ts";
import { feed } from "./commands/feed.ts";
import { history } from "./commands/history.ts";
import { read } from "./commands/read.ts";
import { block, revoke, unblock } from "./commands/revocations.ts";
import { send } from "./commands/send.ts";
import { tail } from "./commands/tail.ts";
import { token } from "./commands/token.ts";
import type { Inspectors } from "./doctor/doctor.ts";
import { cliEnv, DEFAULT_GATEWAY_ADMIN_URL } from "./env.ts";
import {
  type AdminFlags,
  addAdminFlags,
  addChangeFlags,
  addServerFlags,
  adminOptions,
  type ChangeFlags,
  type ConversationsFlags,
  collect,
  type FeedFlags,
  type HistoryFlags,
  type ProbeFlags,
  port,
  positiveInteger,
  type ServerFlags,
  seconds,
  serverOptions,
  shape,
  type TailFlags,
} from "./flags.ts";
import * as help from "./help.ts";
import { usageError } from "./terminal/failure.ts";
import type { Io } from "./terminal/io.ts";

const META = "a JSON object that the message carries beside its text";

/** Defines every command with its options. Each command is implemented in its own file. */
export function createProgram(io: Io, inspectors: Inspectors): Command {
  const program = new Command("parley")
    .description("Parley on the command line: chat, send and read messages, and operate a server.")
    .addHelpText("after", help.PROGRAM)
    .showSuggestionAfterError()
    .showHelpAfterError("(see --help)")
    .exitOverride();

  addServerFlags(program.command("chat <me>").description("chat interactively as a user"))
    .addHelpText("after", `\nWhile it runs:\n${CHAT_HELP}\n${help.CHAT}`)
    .action((me: string, flags: ServerFlags) => chat(me, serverOptions(flags), io));

  addServerFlags(program.command("send <to> [text...]").description("send a message to a user, or to public"))
    .option("--lines", "send each line of standard input as a message", false)
    .option(
      "--ref <ref>",
      "a name for the message: repeating the command within 10 minutes sends nothing twice",
    )
    .option("--meta <json>", META)
    .option("--json", "print the id and timestamp of each message as one line of JSON", false)
    .addHelpText("after", help.SEND)
    .action((to: string, text: string[], flags: ServerFlags & ChangeFlags & { lines: boolean }) => {
      const { lines, ref, meta, json } = flags;
      return send(to, contentOf(text), { ...serverOptions(flags), lines, ref, meta, json }, io);
    });

  addChangeFlags(program.command("edit <id> [text...]").description("replace the text of your message"))
    .option("--meta <json>", `${META}; without it the message keeps its own`)
    .addHelpText("after", help.EDIT)
    .action((id: string, text: string[], flags: ServerFlags & ChangeFlags) => {
      const { ref, meta, json } = flags;
      return edit(id, contentOf(text), { ...serverOptions(flags), ref, meta, json }, io);
    });

  addChangeFlags(program.command("delete <id>").description("delete your message"))
    .addHelpText("after", help.DELETE)
    .action((id: string, flags: ServerFlags & ChangeFlags) => {
      const { ref, json } = flags;
      return remove(id, { ...serverOptions(flags), ref, json }, io);
    });

  addServerFlags(program.command("tail").description("print messages as they arrive, until Ctrl-C"))
    .option("--json", "print one line of JSON per message", false)
    .option("--changes", "with --json: also print one line of JSON per edit and deletion", false)
    .option("--from <place>", "now (default), beginning, or the cursor or message id to start after")
    .option("--cursor-file <file>", "save the position in this file, and continue there the next time")
    .addHelpText("after", help.TAIL)
    .action((flags: ServerFlags & TailFlags) => {
      const { json, changes, from, cursorFile } = flags;
      return tail({ ...serverOptions(flags), json, changes, from, cursorFile }, io);
    });

  addServerFlags(
    program
      .command("history <with>")
      .description("print the conversation with a user, or with public the public room"),
  )
    .option("--json", "print one line of JSON per message", false)
    .option("--limit <count>", "print only the newest <count> messages", positiveInteger)
    .option("--before <id>", "print only messages older than this one")
    .option("--since <time>", "print only messages from this time on, such as 2025-07-16T14:00:00Z")
    .option("--until <time>", "print only messages before this time")
    .addHelpText("after", help.HISTORY)
    .action((between: string, flags: ServerFlags & HistoryFlags) => {
      const { json, limit, before, since, until } = flags;
      return history(between, { ...serverOptions(flags), json, limit, before, since, until }, io);
    });

  addServerFlags(
    program.command("conversations").description("print your conversations, with what is unread in each"),
  )
    .option("--json", "print one line of JSON per conversation", false)
    .option("--limit <count>", "print only the newest <count> private conversations", positiveInteger)
    .option("--unread", "print only conversations with something unread", false)
    .addHelpText("after", help.CONVERSATIONS)
    .action((flags: ServerFlags & ConversationsFlags) => {
      const { json, limit, unread } = flags;
      return conversations({ ...serverOptions(flags), json, limit, unread }, io);
    });

  addServerFlags(
    program
      .command("read <with> [id]")
      .description("mark a conversation as read, up to a message or all of it"),
  )
    .addHelpText("after", help.READ)
    .action((between: string, id: string | undefined, flags: ServerFlags) =>
      read(between, id, serverOptions(flags), io),
    );

  addServerFlags(
    program
      .command("feed")
      .description("print what all users send, as lines of JSON; needs the scope history:all"),
  )
    .option("--follow", "continue at the end, and print entries as they come, until Ctrl-C", false)
    .option("--after <cursor>", "start after this cursor or id (default: at the beginning)")
    .option("--since <time>", "print only entries from this time on, such as 2025-07-16T14:00:00Z")
    .option("--until <time>", "print only entries before this time")
    .addHelpText("after", help.FEED)
    .action((flags: ServerFlags & FeedFlags) => {
      const { follow, after, since, until } = flags;
      return feed({ ...serverOptions(flags), follow, after, since, until }, io);
    });

  program
    .command("token <user>")
    .description("print a token for a user")
    .option(
      "--scope <scope>",
      "an additional permission: history:read, history:all, messages:send, moderate or ops; repeatable",
      collect,
      [],
    )
    .option("--expires <duration>", "the token's lifetime: 90s, 15m, 1h, 7d (default 1h)", seconds)
    .option("--url <url>", "the server that gives out the token if JWT_SECRET is not set (or PARLEY_URL)")
    .addHelpText("after", help.TOKEN)
    .action((user: string, flags: { scope: string[]; expires?: number; url?: string }) => {
      const url = flags.url ?? readEnv(cliEnv).PARLEY_URL;
      return token(user, { scopes: flags.scope, expiresInSeconds: flags.expires, url }, io);
    });

  addRevocations(program, io);
  addDeadLetters(program, io);

  addServerFlags(
    program.command("doctor").description("check the configuration and every server, and suggest fixes"),
  )
    .option("--shape <shape>", "standalone or split (default: split if REDIS_URL or MONGO_URL is set)", shape)
    .option("--admin-url <url>", "an admin port to check; repeatable (or PARLEY_ADMIN_URL)", collect, [])
    .option("--json", "print one line of JSON per finding", false)
    .addHelpText("after", help.DOCTOR)
    .action(
      async (flags: ServerFlags & { shape?: "standalone" | "split"; adminUrl: string[]; json: boolean }) => {
        const { doctor } = await import("./doctor/doctor.ts");
        const { PARLEY_ADMIN_URL } = readEnv(cliEnv);
        const fromEnv = PARLEY_ADMIN_URL === undefined ? [] : [PARLEY_ADMIN_URL];
        const adminUrls = flags.adminUrl.length > 0 ? flags.adminUrl : fromEnv;
        await doctor(
          { ...serverOptions(flags), shape: flags.shape, adminUrls, json: flags.json },
          inspectors,
          io,
        );
      },
    );

  addProbe(program, io);
  return program;
}

function addProbe(program: Command, io: Io): void {
  addServerFlags(program.command("probe").description("measure what two users feel who send, hear and read"))
    .option("--peer <user>", "the second user, if --as names the first")
    .option("--once", "run one round; the exit code says whether it succeeded", false)
    .option("--every <duration>", "the pause between two rounds", seconds, 10)
    .option("--port <port>", "serve metrics on this port", port)
    .option("--host <host>", "the address of that port", "127.0.0.1")
    .option("--json", "print one line of JSON per round", false)
    .addHelpText("after", help.PROBE)
    .action(async (flags: ServerFlags & ProbeFlags) => {
      const { probe } = await import("./probe/probe.ts");
      const { once, json, host, port } = flags;
      const server = serverOptions(flags);
      if ((flags.as === undefined) !== (flags.peer === undefined))
        throw usageError("pass both --as and --peer, or set both PARLEY_TOKEN and PARLEY_PEER_TOKEN");
      const token = flags.peer === undefined ? readEnv(cliEnv).PARLEY_PEER_TOKEN : undefined;
      const peer = { as: flags.peer, token };
      await probe({ ...server, peer, once, json, host, port, everyMs: flags.every * 1000 }, io);
    });
}

function addRevocations(program: Command, io: Io): void {
  const gatewayOptions = (flags: AdminFlags) => adminOptions(flags, DEFAULT_GATEWAY_ADMIN_URL);
  const command = (name: string, description: string) =>
    addAdminFlags(
      program.command(name).description(description),
      "a gateway",
      DEFAULT_GATEWAY_ADMIN_URL,
    ).addHelpText("after", help.REVOCATIONS);
  command("revoke [user]", "revoke the tokens that a user has now; without a user, print what is revoked")
    .option("--before <time>", "revoke only tokens from before this time, such as 2025-07-16T14:00:00Z")
    .option("--json", "print one line of JSON per user", false)
    .action((user: string | undefined, flags: AdminFlags & { before?: string; json: boolean }) =>
      revoke(user, { ...gatewayOptions(flags), before: flags.before, json: flags.json }, io),
    );
  command("block <user>", "refuse a user with any token, for a time")
    .requiredOption("--for <duration>", "how long: 90s, 15m, 1h, 7d", seconds)
    .action((user: string, flags: AdminFlags & { for: number }) =>
      block(user, { ...gatewayOptions(flags), forSeconds: flags.for }, io),
    );
  command("unblock <user>", "end the block of a user")
    .option("--all", "accept revoked tokens again, too", false)
    .action((user: string, flags: AdminFlags & { all: boolean }) =>
      unblock(user, { ...gatewayOptions(flags), all: flags.all }, io),
    );
}

function addDeadLetters(program: Command, io: Io): void {
  const group = program
    .command("dead-letters")
    .description("list, replay or delete log entries that aren't valid messages")
    .addHelpText("after", help.DEAD_LETTERS);
  addAdminFlags(group.command("list").description("print all dead letters, oldest first"))
    .option("--json", "print one line of JSON per dead letter, with the entry as it was found", false)
    .action((flags: AdminFlags & { json: boolean }) =>
      deadLetters.list({ ...adminOptions(flags), json: flags.json }, io),
    );
  addAdminFlags(group.command("replay <id>").description("append a dead letter to the log again")).action(
    (id: string, flags: AdminFlags) => deadLetters.replay(id, adminOptions(flags), io),
  );
  addAdminFlags(group.command("drop <id>").description("delete a dead letter")).action(
    (id: string, flags: AdminFlags) => deadLetters.drop(id, adminOptions(flags), io),
  );
}

function contentOf(text: readonly string[]): string | undefined {
  return text.length > 0 ? text.join(" ") : undefined;
}
