import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import {
  type Cut,
  type Direction,
  type Link,
  type Mode,
  type Rules,
  type Slowness,
  TcpLink,
} from "./tcp-link.ts";

/**
 * Selects links. A method that is called without it applies to all links. Called repeatedly for each link, because
 * `opening` grows as the client sends.
 */
export type Where = (link: Link) => boolean;

/** A TCP proxy in front of a server on 127.0.0.1 that simulates network faults. */
export interface TcpProxy {
  readonly port: number;
  /** Returns the server's URL with the proxy's host and port. */
  url(serverUrl: string): string;
  /** Returns the open links. */
  links(where?: Where): Link[];
  /**
   * Sets the mode of current and future links. If several rules match a link, the latest one applies. Calling
   * `set("both", "pass")` without `where` removes all earlier rules.
   */
  set(direction: Direction | "both", mode: Mode, where?: Where): void;
  /**
   * Delays what clients send, on current and future links. Undefined ends the delay: what is still held is forwarded at
   * once.
   */
  slow(how: Slowness | undefined): void;
  /** Cuts the open links and returns their number. */
  cut(how: Cut, where?: Where): number;
  /** Turns the immediate reset of new connections on or off. Initially off. */
  refuse(on: boolean): void;
  /**
   * Loses one reply. The next chunk from a client for which `request` returns true is forwarded. When the server
   * answers, the answer is dropped and the client's connection is reset: the server executed the request, but the
   * client doesn't know. Resolves with the link once its connection is reset.
   */
  loseNextReply(request?: (chunk: Buffer, link: Link) => boolean): Promise<Link>;
  /**
   * Swallows what one client sends, from the next chunk on for which `request` returns true. The server never gets that
   * chunk, and everything before it was forwarded. Resolves with the link once the chunk was dropped.
   */
  swallowFrom(request: (chunk: Buffer, link: Link) => boolean): Promise<Link>;
  /** Returns the number of bytes received from each side since the start, summed over all links. */
  bytes(): Record<Direction, number>;
  /** Resets every link and stops listening. */
  close(): Promise<void>;
}

interface Rule {
  readonly directions: readonly Direction[];
  readonly mode: Mode;
  readonly where: Where;
}
/** Waits for a request: to lose its reply, or to swallow the request and what follows. */
interface Waiting {
  readonly request: (chunk: Buffer, link: Link) => boolean;
  readonly done: (link: Link) => void;
}

const everyLink: Where = () => true;

/** Starts a proxy on a free port in front of a port of 127.0.0.1. */
export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  const links: TcpLink[] = [];
  let rules: Rule[] = [];
  let refusing = false;
  let slowness: Slowness | undefined;
  const toSwallow: Waiting[] = [];
  const toLose: Waiting[] = [];
  const losing = new Map<Link, Waiting>();

  const decisions: Rules = {
    mode: (link, direction) =>
      rules.findLast((rule) => rule.directions.includes(direction) && rule.where(link))?.mode ?? "pass",
    slowness: () => slowness,
    swallowsFrom(link, chunk) {
      const swallowed = takeMatching(toSwallow, chunk, link);
      if (swallowed) rules.push({ directions: ["up"], mode: "swallow", where: (each) => each === link });
      swallowed?.done(link);
      return swallowed !== undefined;
    },
    losesReply(link, chunk) {
      const lost = takeMatching(toLose, chunk, link);
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
    slow(how) {
      slowness = how;
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
        toLose.push({ request, done });
      }),
    swallowFrom: (request) =>
      new Promise((done) => {
        toSwallow.push({ request, done });
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

/** Removes and returns the first one whose request this chunk is. */
function takeMatching(waiting: Waiting[], chunk: Buffer, link: Link): Waiting | undefined {
  const index = waiting.findIndex(({ request }) => request(chunk, link));
  return index < 0 ? undefined : waiting.splice(index, 1)[0];
}
