import { readEnv } from "@parley/service/env";
import { Command, InvalidArgumentError } from "commander";
import { chat } from "./chat/chat.ts";
import { CHAT_HELP } from "./chat/parse-input.ts";
import * as deadLetters from "./commands/dead-letters.ts";
import { history } from "./commands/history.ts";
import { send } from "./commands/send.ts";
import { tail } from "./commands/tail.ts";
import { token } from "./commands/token.ts";
import type { Inspectors } from "./doctor/doctor.ts";
import { cliEnv, DEFAULT_ADMIN_URL, DEFAULT_URL } from "./env.ts";
import * as help from "./help.ts";
import { secondsOf } from "./parse-duration.ts";
import type { ServerOptions } from "./server/connect-client.ts";
import { usage } from "./terminal/failure.ts";
import type { Io } from "./terminal/io.ts";

/** Every command with its options: the table of what there is. What a command does stands in its own file. */
export function createProgram(io: Io, inspect: Inspectors): Command {
  const program = new Command("parley")
    .description("Parley on the command line: chat, send, read, and look after a server.")
    .addHelpText("after", help.PROGRAM)
    .showSuggestionAfterError()
    .showHelpAfterError("(--help says more)")
    .exitOverride();

  withServer(program.command("chat <me>").description("chat as a person: type, and read what others say"))
    .addHelpText("after", `\nWhile it runs:\n${CHAT_HELP}\n${help.CHAT}`)
    .action((me: string, given: GivenServer) => chat(me, serverOf(given), io));

  withServer(program.command("send <to> [text...]").description("send to a user, or to public"))
    .option("--lines", "a message for each line of standard input", false)
    .option("--ref <ref>", "names the message, so that sending it again within 10 minutes changes nothing")
    .option("--json", "print id and timestamp of each message as JSON, one a line", false)
    .addHelpText("after", help.SEND)
    .action(
      (to: string, text: string[], given: GivenServer & { lines: boolean; ref?: string; json: boolean }) => {
        const { lines, ref, json } = given;
        const content = text.length > 0 ? text.join(" ") : undefined;
        return send(to, content, { ...serverOf(given), lines, ref, json }, io);
      },
    );

  withServer(program.command("tail").description("print messages as they come, until Ctrl-C"))
    .option("--json", "one JSON object a line", false)
    .option("--from <place>", "now (default), beginning, or the cursor or id after which to begin")
    .option("--cursor-file <file>", "keep in this file how far it came, and go on there the next time")
    .addHelpText("after", help.TAIL)
    .action((given: GivenServer & { json: boolean; from?: string; cursorFile?: string }) => {
      const { json, from, cursorFile } = given;
      return tail({ ...serverOf(given), json, from, cursorFile }, io);
    });

  withServer(
    program.command("history <with>").description("print a conversation with a user, or the public room"),
  )
    .option("--json", "one JSON object a line", false)
    .option("--limit <count>", "only the newest so many", positive)
    .option("--before <id>", "only what is older than this message")
    .addHelpText("after", help.HISTORY)
    .action((between: string, given: GivenServer & { json: boolean; limit?: number; before?: string }) => {
      const { json, limit, before } = given;
      return history(between, { ...serverOf(given), json, limit, before }, io);
    });

  program
    .command("token <user>")
    .description("print a token for a user, and nothing else")
    .option("--scope <scope>", "what it may do besides: history:read, ops; may be given again", gathered, [])
    .option("--expires <duration>", "how long it holds: 90s, 15m, 1h, 7d (default 1h)", seconds)
    .option("--url <url>", "let this server give one out (or PARLEY_URL), where JWT_SECRET is not set")
    .addHelpText("after", help.TOKEN)
    .action((user: string, given: { scope: string[]; expires?: number; url?: string }) => {
      const url = given.url ?? readEnv(cliEnv).PARLEY_URL;
      return token(user, { scopes: given.scope, expiresInSeconds: given.expires, url }, io);
    });

  addDeadLetters(program, io);

  withServer(
    program.command("doctor").description("say what is reachable, what is wrong, and how to mend it"),
  )
    .option(
      "--shape <shape>",
      "standalone or split (default: split where REDIS_URL or MONGO_URL is set)",
      shape,
    )
    .option(
      "--admin-url <url>",
      "an admin port to ask; may be given again (or PARLEY_ADMIN_URL)",
      gathered,
      [],
    )
    .option("--json", "one JSON object a line", false)
    .addHelpText("after", help.DOCTOR)
    .action(
      async (given: GivenServer & { shape?: "standalone" | "split"; adminUrl: string[]; json: boolean }) => {
        const { doctor } = await import("./doctor/doctor.ts");
        const { PARLEY_ADMIN_URL } = readEnv(cliEnv);
        const fromEnv = PARLEY_ADMIN_URL === undefined ? [] : [PARLEY_ADMIN_URL];
        const adminUrls = given.adminUrl.length > 0 ? given.adminUrl : fromEnv;
        await doctor({ ...serverOf(given), shape: given.shape, adminUrls, json: given.json }, inspect, io);
      },
    );

  return program;
}

function addDeadLetters(program: Command, io: Io): void {
  const group = program
    .command("dead-letters")
    .description("look at, replay or drop what stood in the log and was no message")
    .addHelpText("after", help.DEAD_LETTERS);
  withAdmin(group.command("list").description("print all of them, oldest first"))
    .option("--json", "one JSON object a line, the entry as it was found in it", false)
    .action((given: GivenAdmin & { json: boolean }) =>
      deadLetters.list({ ...adminOf(given), json: given.json }, io),
    );
  withAdmin(group.command("replay <id>").description("put one into the log again as a message")).action(
    (id: string, given: GivenAdmin) => deadLetters.replay(id, adminOf(given), io),
  );
  withAdmin(group.command("drop <id>").description("throw one away")).action(
    (id: string, given: GivenAdmin) => deadLetters.drop(id, adminOf(given), io),
  );
}

interface GivenServer {
  readonly url?: string;
  readonly historyUrl?: string;
  readonly token?: string;
  readonly as?: string;
  readonly timeout: number;
}

interface GivenAdmin {
  readonly adminUrl?: string;
  readonly token?: string;
}

function withServer(command: Command): Command {
  return command
    .option("--url <url>", `where Parley is (or PARLEY_URL; default ${DEFAULT_URL})`)
    .option("--history-url <url>", "where history is, if elsewhere (or PARLEY_HISTORY_URL)")
    .option("--as <user>", "who you are, where the server gives tokens out for a first try")
    .option("--token <token>", "who you are, by a token; better in PARLEY_TOKEN, which others cannot see")
    .option("--timeout <duration>", "how long the server may be out of reach at first", seconds, 10);
}

function serverOf(given: GivenServer): ServerOptions {
  if (given.token !== undefined && given.as !== undefined) throw usage("--token and --as exclude each other");
  const env = readEnv(cliEnv);
  return {
    url: given.url ?? env.PARLEY_URL ?? DEFAULT_URL,
    historyUrl: given.historyUrl ?? env.PARLEY_HISTORY_URL,
    as: given.as,
    token: given.as === undefined ? (given.token ?? env.PARLEY_TOKEN) : undefined,
    timeoutMs: given.timeout * 1000,
  };
}

function withAdmin(command: Command): Command {
  return command
    .option(
      "--admin-url <url>",
      `a persister's admin port (or PARLEY_ADMIN_URL; default ${DEFAULT_ADMIN_URL})`,
    )
    .option("--token <token>", "a token of scope ops; better in PARLEY_TOKEN, which others cannot see");
}

function adminOf(given: GivenAdmin): deadLetters.AdminOptions {
  const env = readEnv(cliEnv);
  return {
    adminUrl: given.adminUrl ?? env.PARLEY_ADMIN_URL ?? DEFAULT_ADMIN_URL,
    token: given.token ?? env.PARLEY_TOKEN,
  };
}

function gathered(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number above 0.");
  return Number(text);
}

function seconds(text: string): number {
  const value = secondsOf(text);
  if (value === undefined) throw new InvalidArgumentError("It must be like 90s, 15m, 1h or 7d.");
  return value;
}

function shape(text: string): "standalone" | "split" {
  if (text === "standalone" || text === "split") return text;
  throw new InvalidArgumentError("It must be standalone or split.");
}
