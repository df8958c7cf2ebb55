import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type Cut, type Direction, type Link, type Mode, type Rules, TcpLink } from "./tcp-link.ts";

/** Which links are meant; all where it is missing. `opening` fills as the client sends, so it is asked again and again. */
export type Where = (link: Link) => boolean;

/** A TCP proxy in front of a server on 127.0.0.1 that makes the faults of networks. */
export interface TcpProxy {
  readonly port: number;
  /** The URL of the server with the proxy's host and port in place of its own. */
  url(serverUrl: string): string;
  /** The links that are open now. */
  links(where?: Where): Link[];
  /**
   * How bytes go from now on, on present and future links. The latest that fits a link holds; `set("both", "pass")`
   * without `where` ends all.
   */
  set(direction: Direction | "both", mode: Mode, where?: Where): void;
  /** Cuts the open links and returns how many they were. */
  cut(how: Cut, where?: Where): number;
  /** Whether new connections are reset at once; false at first. */
  refuse(on: boolean): void;
  /**
   * The next chunk a client sends for which `request` is true is forwarded; when the server has answered, the answer
   * is dropped and the client's connection reset. So the server did it, and the client cannot know. Resolves then.
   */
  loseNextReply(request?: (chunk: Buffer, link: Link) => boolean): Promise<Link>;
  /** Bytes that came in from each side since the start, over all links. */
  bytes(): Record<Direction, number>;
  /** Resets every link and stops listening. */
  close(): Promise<void>;
}

interface Rule {
  readonly directions: readonly Direction[];
  readonly mode: Mode;
  readonly where: Where;
}
interface LostReply {
  readonly request: (chunk: Buffer, link: Link) => boolean;
  readonly done: (link: Link) => void;
}

const everyLink: Where = () => true;

/** Starts a proxy on a free port in front of a port of 127.0.0.1. */
export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  const links: TcpLink[] = [];
  let rules: Rule[] = [];
  let refusing = false;
  const waiting: LostReply[] = [];
  const losing = new Map<Link, LostReply>();

  const decisions: Rules = {
    mode: (link, direction) =>
      rules.findLast((rule) => rule.directions.includes(direction) && rule.where(link))?.mode ?? "pass",
    losesReply(link, chunk) {
      const index = waiting.findIndex(({ request }) => request(chunk, link));
      const [lost] = index < 0 ? [] : waiting.splice(index, 1);
      if (lost !== undefined) losing.set(link, lost);
      return lost !== undefined;
    },
    replyLost(link) {
      losing.get(link)?.done(link);
      losing.delete(link);
    },
  };

  const server = createServer({ allowHalfOpen: true }, (client: Socket) => {
    if (refusing) return void client.resetAndDestroy();
    const upstream = connect({ port: serverPort, host: "127.0.0.1", allowHalfOpen: true });
    const link = new TcpLink(links.length + 1, client, upstream, decisions);
    links.push(link);
    link.recheck();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const openLinks = (where = everyLink): TcpLink[] => links.filter((link) => link.open && where(link));

  return {
    port,
    url(serverUrl) {
      const url = new URL(serverUrl);
      url.host = `127.0.0.1:${port}`;
      return url.href;
    },
    links: openLinks,
    set(direction, mode, where) {
      if (where === undefined && direction === "both") rules = [];
      const directions: Direction[] = direction === "both" ? ["up", "down"] : [direction];
      rules.push({ directions, mode, where: where ?? everyLink });
      for (const link of openLinks()) link.recheck();
    },
    cut(how, where) {
      const chosen = openLinks(where);
      for (const link of chosen) link.cut(how);
      return chosen.length;
    },
    refuse(on) {
      refusing = on;
    },
    loseNextReply: (request = () => true) =>
      new Promise((done) => {
        waiting.push({ request, done });
      }),
    bytes: () => ({
      up: links.reduce((sum, link) => sum + link.bytes.up, 0),
      down: links.reduce((sum, link) => sum + link.bytes.down, 0),
    }),
    async close() {
      for (const link of openLinks()) link.cut("rst");
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
