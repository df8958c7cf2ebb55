/**
 * Returns the text to print after a start: commands to paste into a terminal for a first chat. `url` serves the page,
 * `/ws` and history. `tokens` are valid tokens. `node` is the Node binary in the commands; the default is the running
 * one, because the one on the PATH may be too old to have `WebSocket`.
 */
export function quickStart(
  url: string,
  tokens: { readonly alice: string; readonly bob: string },
  node = process.execPath,
): string {
  return `Chat in a browser: open ${url} in two tabs, as alice in one and as bob in the other.

Tokens for a first try:
  alice  ${tokens.alice}
  bob    ${tokens.bob}

Chat in a terminal: paste each line into a separate terminal and type. The first sends from alice to bob, the second from bob to alice.
  ${chatLine(url, tokens.alice, "bob", node)}
  ${chatLine(url, tokens.bob, "alice", node)}

Read their conversation as alice:
  curl -s -H "Authorization: Bearer ${tokens.alice}" ${url}/messages/bob
`;
}

function chatLine(url: string, token: string, to: string, node: string): string {
  const program = [
    `const socket=new WebSocket("${url.replace(/^http/, "ws")}/ws",["Bearer","${token}"])`,
    `const send=(text)=>socket.send(JSON.stringify({to:"${to}",content:String(text).trim()}))`,
    'socket.onopen=()=>process.stdin.on("data",send)',
    "socket.onmessage=({data})=>console.log(data)",
    "socket.onerror=({message})=>console.error(message)",
    "socket.onclose=()=>process.exit()",
  ];
  return `${shellWord(node)} -e '${program.join(";")}'`;
}

/** Quotes a path for a shell if it needs quotes. */
function shellWord(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `"${path}"`;
}
