import type { Attack } from "../attack.ts";
import { upgradeTo } from "../attacker/attacker.ts";
import { holdConnections } from "../attacker/hold.ts";

/** A common limit of open files for a service, and a number of connections above this limit. */
const MAX_OPEN_FILES = 1_024;
const CONNECTIONS = 1_300;
const HEAD = upgradeTo("/ws");

const shared = {
  shapes: ["split", "standalone"],
  setup: { maxOpenFiles: MAX_OPEN_FILES },
} as const;

/** A connection without a request uses an open file. A health check needs an open file too. */
export const idleConnections: Attack = {
  ...shared,
  name: "idle-connections",
  title: `${CONNECTIONS} idle TCP connections from one address, with ${MAX_OPEN_FILES} open files per process`,
  perSecond: 1_500,
  unit: "connections",
  run: (attacker) =>
    holdConnections(attacker, { targets: [attacker.gateway, attacker.history], count: CONNECTIONS }),
};

/** A request whose head arrives byte by byte keeps its connection busy. */
export const slowloris: Attack = {
  ...shared,
  name: "slowloris",
  title: `${CONNECTIONS} connections that send their headers a byte at a time, with ${MAX_OPEN_FILES} open files per process`,
  perSecond: 2_600,
  unit: "connections and bytes",
  run: (attacker) =>
    holdConnections(attacker, {
      targets: [attacker.gateway, attacker.history],
      count: CONNECTIONS,
      opening: "GET /messages HTTP/1.1\r\nX-Slow: ",
      drip: "x",
    }),
};

/** The server waits for the last line of each handshake, which never arrives. */
export const halfHandshakes: Attack = {
  ...shared,
  name: "half-handshakes",
  title: `${CONNECTIONS} handshakes without their last line, with ${MAX_OPEN_FILES} open files per process`,
  perSecond: 1_500,
  unit: "handshakes",
  run: (attacker) =>
    holdConnections(attacker, {
      targets: [attacker.gateway],
      count: CONNECTIONS,
      opening: HEAD.slice(0, -2),
    }),
};
