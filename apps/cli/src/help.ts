/** What stands below the options of each command's --help: examples first. */

const EXIT_CODES = `
Exit codes:
  0    done; also where the reader of a pipe had enough
  1    failed, or nobody can tell (a message that may have been sent); doctor: something is wrong
  2    the command line or the environment could never work
  3    the server cannot be reached or cannot answer now: try again later
  4    the server refused: the token, the right, or the message
  130  Ctrl-C before a command that has an end was done (chat and tail end with 0)`;

export const PROGRAM = `
A first try, with npx pnpm@12 start in another terminal:
  $ parley chat alice                     # and in a third one: parley chat bob
  $ parley send bob --as alice Hello, Bob
  $ parley tail --as bob
  $ parley history alice --as bob

"parley" stands for: npx pnpm@12 parley     (with --silent before parley, pnpm itself says nothing on standard error)
${EXIT_CODES}`;

export const CHAT = `
Without --token it asks the server for a token of <me>, which only a server for a first try gives.

Examples:
  $ parley chat alice
  $ PARLEY_TOKEN=... parley chat alice --url https://chat.example.com`;

export const SEND = `
Prints the id of each message once it is durable. Without a text, or with "-", the text is read from standard input.

Examples:
  $ parley send bob --as alice Hello, Bob
  $ parley send public --as alice "to everybody"
  $ git log -1 | parley send bob --as alice
  $ tail -f app.log | parley send public --as bot --lines
  $ parley send bob --as alice --ref order-17 "shipped"    # safe to run again`;

export const TAIL = `
Messages come whole, once and in order, over any absence of the server. Nothing is saved unless --cursor-file is given;
after a crash the messages of its last half second may be printed again.

Examples:
  $ parley tail --as bob
  $ parley tail --as bob --from beginning --json | jq -r .content
  $ parley tail --as bob --json --cursor-file ~/.parley-bob >> bob.jsonl`;

export const HISTORY = `
Oldest first, a page at a time, so that a conversation may have any length.

Examples:
  $ parley history bob --as alice
  $ parley history public --as alice --limit 20
  $ parley history bob --as alice --json > bob.jsonl`;

export const TOKEN = `
Signed with JWT_SECRET where that is set (JWT_ISSUER and JWT_AUDIENCE are put into it); else given out by the server of
--url where one is named; else signed with the secret that start and start:split keep in DATA_DIR (default data).

Examples:
  $ export PARLEY_TOKEN=$(parley token alice)
  $ parley token reporting --scope history:read --expires 7d`;

export const DEAD_LETTERS = `
Examples:
  $ export PARLEY_TOKEN=$(parley token me --scope ops)
  $ parley dead-letters list
  $ parley dead-letters list --json | jq .fields
  $ parley dead-letters replay 1752674400123-0
  $ parley dead-letters drop 1752674400123-0`;

export const DOCTOR = `
Reads the environment as a service would, asks everything that it names, and changes nothing. Exit code 1 where
something is wrong.

Examples:
  $ parley doctor                                              # beside npx pnpm@12 start
  $ JWT_SECRET=... REDIS_URL=... MONGO_URL=... parley doctor
  $ parley doctor --admin-url http://gw1:9080 --admin-url http://api1:9081 --json`;
