import type { ServerResponse } from "node:http";
import { timestampOf } from "@parley/models";

/** Answers with the id and the time of an entry that is durable (P62, P73). */
export function sendReceipt(res: ServerResponse, id: string): void {
  const body = `{"id":"${id}","timestamp":"${timestampOf(id)}"}`;
  res.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(body);
}
