/** A line that a person typed. */
export type ChatInput =
  | { readonly type: "nothing" }
  | { readonly type: "say"; readonly text: string }
  /** Sends further lines to this user, or with "" to the public room. */
  | { readonly type: "to"; readonly user: string }
  | { readonly type: "history"; readonly count: number }
  /** Replaces the text of the user's last message in this conversation. */
  | { readonly type: "edit"; readonly text: string }
  /** Deletes the user's last message in this conversation. */
  | { readonly type: "delete" }
  | { readonly type: "help" }
  | { readonly type: "quit" }
  /** The line isn't valid. `reason` is for the person. */
  | { readonly type: "invalid"; readonly reason: string };

export const CHAT_HELP = `  /to bob        sends the next lines to bob only
  /public        sends the next lines to everyone
  /history 50    shows the last 50 messages of this conversation (default 20)
  /edit text     replaces the text of your last message in this conversation
  /delete        deletes your last message in this conversation
  /help          shows this help
  /quit          ends the chat, as Ctrl-D and Ctrl-C do
  //text         sends "/text"`;

const DEFAULT_HISTORY_COUNT = 20;
const MAX_HISTORY_COUNT = 1_000;

export function parseInput(line: string, isUsername: (text: string) => boolean): ChatInput {
  if (line.trim() === "") return { type: "nothing" };
  if (line.startsWith("//")) return { type: "say", text: line.slice(1) };
  if (!line.startsWith("/")) return { type: "say", text: line };
  const [command = "", argument, ...more] = line.trim().split(/\s+/);
  if (command === "/edit") return parseEdit(line.trim().slice(command.length).trimStart());
  if (more.length > 0) return invalid(`${command} takes one word`);
  switch (command) {
    case "/to": {
      // Usernames are in composed form (NFC, P4). Many keyboards type some letters in a different form.
      const user = argument?.normalize("NFC");
      return user !== undefined && isUsername(user)
        ? { type: "to", user }
        : invalid("/to needs a username, as in /to bob");
    }
    case "/public":
      return { type: "to", user: "" };
    case "/history":
      return parseHistoryCount(argument ?? String(DEFAULT_HISTORY_COUNT));
    case "/delete":
      return argument === undefined
        ? { type: "delete" }
        : invalid("/delete takes no word: it deletes your last message in this conversation");
    case "/help":
      return { type: "help" };
    case "/quit":
      return { type: "quit" };
    default:
      return invalid(`there is no ${command}; /help lists the commands`);
  }
}

function parseEdit(text: string): ChatInput {
  return text === "" ? invalid("/edit needs the new text, as in /edit Hello, Bob!") : { type: "edit", text };
}

function parseHistoryCount(text: string): ChatInput {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MAX_HISTORY_COUNT
    ? { type: "history", count }
    : invalid(`/history takes a number from 1 to ${MAX_HISTORY_COUNT}`);
}

function invalid(reason: string): ChatInput {
  return { type: "invalid", reason };
}
