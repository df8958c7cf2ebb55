/**
 * What a person can paste into a terminal after the start, in either shape: `url` is where everything is served,
 * `tokens` are ready-made ones. `node` is the Node that runs this process: the one on the PATH may be too old to have
 * a WebSocket.
 */
export function firstSteps(
  url: string,
  tokens: { readonly alice: string; readonly bob: string },
  node = process.execPath,
): string {
  return `Chat in a browser: open ${url} in two tabs, as alice in one and as bob in the other.

Tokens for a first try:
  alice  ${tokens.alice}
  bob    ${tokens.bob}

Chat in a terminal: paste each line into a terminal of its own, and type. What alice types goes to bob, and the other way round.
  ${chatLine(url, tokens.alice, "bob", node)}
  ${chatLine(url, tokens.bob, "alice", node)}

Read what they said to each other, as alice:
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
  return `${asWord(node)} -e '${program.join(";")}'`;
}

/** A path as a shell takes it. */
function asWord(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `"${path}"`;
}
