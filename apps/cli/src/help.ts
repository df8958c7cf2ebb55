/** The texts below the options in each command's --help, with examples. */

const EXIT_CODES = `
Exit codes:
  0    success, also if the reader of a pipe stopped reading
  1    failure, or an unknown outcome (a message that may have been sent); doctor: a check failed
  2    invalid command line or environment
  3    the server cannot be reached, or cannot answer at the moment: try again later
  4    the server refused the token, the permission, the message or the change
  130  interrupted by Ctrl-C or SIGTERM (chat, tail, feed --follow and probe end with 0)`;

export const PROGRAM = `
To try it, with "npx pnpm@12 start" running in another terminal:
  $ parley chat alice                     # and in a third terminal: parley chat bob
  $ parley send bob --as alice Hello, Bob
  $ parley tail --as bob
  $ parley history alice --as bob

"parley" stands for: npx pnpm@12 parley     (with --silent before parley, pnpm itself prints nothing to standard error)
${EXIT_CODES}`;

export const CHAT = `
Without --token it requests a token for <me> from the server. Only development servers give out tokens.

Examples:
  $ parley chat alice
  $ PARLEY_TOKEN=... parley chat alice --url https://chat.example.com`;

export const SEND = `
Prints each message's id once the message is durable. Without a text, or with "-", the text is read from standard input.

Examples:
  $ parley send bob --as alice Hello, Bob
  $ parley send public --as alice "to everyone"
  $ git log -1 | parley send bob --as alice
  $ tail -f app.log | parley send public --as bot --lines
  $ parley send bob --as alice --ref order-17 "shipped"    # safe to repeat
  $ parley send bob --as alice --meta '{"order":17}' "shipped"`;

export const EDIT = `
Prints the change's id once the change is durable. send, tail --json and history --json print the ids of messages.
Without a text, or with "-", the text is read from standard input.

Examples:
  $ ID=$(parley send bob --as alice Hello, Bob)
  $ parley edit $ID --as alice Hello, Bob!`;

export const DELETE = `
Prints the change's id once the change is durable. The message stays in history, without its text. A token with the scope
moderate may delete any message.

Example:
  $ parley delete 1752674400123-0000000000-00 --as alice`;

export const TAIL = `
Prints every message once and in order, even if the server is away in between. Its position is saved only with
--cursor-file; after a crash the messages of the last half second may be printed again.

Examples:
  $ parley tail --as bob
  $ parley tail --as bob --from beginning --json | jq -r .content
  $ parley tail --as bob --json --cursor-file ~/.parley-bob >> bob.jsonl`;

export const HISTORY = `
Prints the oldest message first. A conversation may have any length: it is read page by page.

Examples:
  $ parley history bob --as alice
  $ parley history public --as alice --limit 20
  $ parley history public --as alice --since 2025-07-16T00:00:00Z --until 2025-07-17T00:00:00Z
  $ parley history bob --as alice --json > bob.jsonl`;

export const CONVERSATIONS = `
Prints the public room first, then the private conversations, the one with the newest message first. Each line has the
beginning of the last message. At most 100 unread messages are counted.

Examples:
  $ parley conversations --as alice
  $ parley conversations --as alice --unread
  $ parley conversations --as alice --json | jq '{with, unread}'`;

export const READ = `
Marks the conversation with a user, or with public the public room, as read up to the message [id], by default the newest one.
A mark never goes back. Prints the id up to which the conversation is read, once the server has the mark. The other user
of a private conversation is told.

Examples:
  $ parley read bob --as alice
  $ parley read public 1752674400123-0000000000-00 --as alice`;

export const FEED = `
Prints the messages, edits and deletions of all conversations in the order of the log, each with its message as it is now,
and each once. Repeats a request while the server cannot answer; with --follow, for any time once it has answered.

Examples:
  $ export PARLEY_TOKEN=$(parley token archive --scope history:all)
  $ parley feed > all.jsonl
  $ parley feed --follow --after "$(tail -1 all.jsonl | jq -r .id)" >> all.jsonl
  $ parley feed --since 2025-07-16T00:00:00Z --until 2025-07-17T00:00:00Z | jq -r .message.content`;

export const TOKEN = `
The token is signed with JWT_SECRET, if that is set, and contains JWT_ISSUER and JWT_AUDIENCE. Otherwise the server of
--url (or PARLEY_URL) gives one out, if one is named. Otherwise it is signed with the secret that start and start:split
keep in DATA_DIR (default: data).

Examples:
  $ export PARLEY_TOKEN=$(parley token alice)
  $ parley token reporting --scope history:read --expires 7d
  $ parley token orders --scope messages:send     # may send as any user`;

export const DEAD_LETTERS = `
Examples:
  $ export PARLEY_TOKEN=$(parley token me --scope ops)
  $ parley dead-letters list
  $ parley dead-letters list --json | jq .fields
  $ parley dead-letters replay 1752674400123-0
  $ parley dead-letters drop 1752674400123-0`;

export const REVOCATIONS = `
Counts at every gateway and history-api within a second. A block doesn't revoke tokens: unblock accepts them again.

Examples:
  $ export PARLEY_TOKEN=$(parley token me --scope ops)
  $ parley revoke bob                       # bob has to get a new token
  $ parley block bob --for 7d
  $ parley unblock bob
  $ parley revoke --json | jq .user         # all users of whom something is revoked`;

export const DOCTOR = `
Reads the environment as a service would, checks every server that the environment names, and changes nothing. The exit
code is 1 if a check failed.

Examples:
  $ parley doctor                                # beside npx pnpm@12 start, or npx pnpm@12 start:split
  $ JWT_SECRET=... REDIS_URL=... MONGO_URL=... parley doctor
  $ parley doctor --admin-url http://gw1:9080 --admin-url http://api1:9081 --json`;

export const PROBE = `
One user sends a private message, the other one hears it and reads it in history. The times are those of the ack, from
sending to hearing, and of the request for history. Messages of the probe stay in the history of its users, so use users
that exist only for this. With --port, /readyz fails while the last round failed.

Examples:
  $ parley probe --once --as probe-1 --peer probe-2
  $ PARLEY_TOKEN=... PARLEY_PEER_TOKEN=... parley probe --every 30s --port 9090`;
