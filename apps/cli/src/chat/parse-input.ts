/** What a person typed. */
export type Typed =
  | { readonly type: "nothing" }
  | { readonly type: "say"; readonly text: string }
  /** Whom the next lines go to; "" is the public room. */
  | { readonly type: "to"; readonly user: string }
  | { readonly type: "history"; readonly count: number }
  | { readonly type: "help" }
  | { readonly type: "quit" }
  /** What is wrong with it, for the person. */
  | { readonly type: "mistake"; readonly says: string };

export const CHAT_HELP = `  /to bob        what you type goes to bob alone
  /public        what you type goes to everybody
  /history 50    the last 50 messages here (20 where no number is given)
  /help          this
  /quit          ends it, as Ctrl-D and Ctrl-C do
  //text         sends "/text"`;

const HISTORY_COUNT = 20;
const MOST_HISTORY = 1_000;

/** Reads a line. `isUser` says whom one may write to. */
export function typed(line: string, isUser: (text: string) => boolean): Typed {
  if (line.trim() === "") return { type: "nothing" };
  if (line.startsWith("//")) return { type: "say", text: line.slice(1) };
  if (!line.startsWith("/")) return { type: "say", text: line };
  const [command = "", argument, ...more] = line.trim().split(/\s+/);
  if (more.length > 0) return mistake(`${command} takes one word`);
  switch (command) {
    case "/to":
      return argument !== undefined && isUser(argument)
        ? { type: "to", user: argument }
        : mistake("/to needs a username, as in /to bob");
    case "/public":
      return { type: "to", user: "" };
    case "/history":
      return historyOf(argument ?? String(HISTORY_COUNT));
    case "/help":
      return { type: "help" };
    case "/quit":
      return { type: "quit" };
    default:
      return mistake(`there is no ${command}; /help lists what there is`);
  }
}

function historyOf(text: string): Typed {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MOST_HISTORY
    ? { type: "history", count }
    : mistake(`/history takes a number from 1 to ${MOST_HISTORY}`);
}

function mistake(says: string): Typed {
  return { type: "mistake", says };
}
