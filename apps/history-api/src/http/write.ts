import type { ServerResponse } from "node:http";

/** The client disconnected, or read too slowly, before the response ended. There is nobody left to answer. */
export class ResponseAbandoned extends Error {
  override readonly name = "ResponseAbandoned";
  readonly isSlow: boolean;

  constructor({ isSlow }: { readonly isSlow: boolean }) {
    super(isSlow ? "the client reads too slowly" : "the client disconnected");
    this.isSlow = isSlow;
  }
}

/**
 * Writes a chunk and resolves once the socket accepts more data. Rejects with ResponseAbandoned if the client
 * disconnects, or reads nothing for `slowClientMs`.
 */
export async function write(res: ServerResponse, chunk: Buffer, slowClientMs: number): Promise<void> {
  if (res.destroyed) throw new ResponseAbandoned({ isSlow: false });
  if (!res.write(chunk)) await waitForDrain(res, slowClientMs);
}

function waitForDrain(res: ServerResponse, slowClientMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new ResponseAbandoned({ isSlow: true })), slowClientMs);
    const onDrain = () => settle();
    const onClose = () => settle(new ResponseAbandoned({ isSlow: false }));
    function settle(error?: ResponseAbandoned): void {
      clearTimeout(timer);
      res.off("drain", onDrain);
      res.off("close", onClose);
      if (error) reject(error);
      else resolve();
    }
    res.on("drain", onDrain);
    res.on("close", onClose);
  });
}
