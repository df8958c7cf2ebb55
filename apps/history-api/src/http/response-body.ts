import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, createGzip, type Gzip } from "node:zlib";
import { FairPool, raceAbort } from "@parley/async";
import { acceptsGzip } from "@parley/service";
import { write } from "./write.ts";

/** Shorter answers aren't compressed, because they fit into one packet anyway. In bytes. */
const MIN_BYTES = 1_024;
/** Level 1 halves the work of the default level and compresses messages nearly as well. A small window saves memory. */
const GZIP = { level: 1, windowBits: 13, memLevel: 6 };
/** Memory of one compressor, with its buffer for output. In bytes. */
const GZIP_BYTES = 98_304;

/**
 * Creates the places for compressing a chunk, shared fairly by users (G5). There are two, so that the other threads of
 * Node's pool stay free for verifying tokens and resolving names. The limits on responses limit how many wait here.
 */
export function createGzipThreads(): FairPool {
  const unlimited = Number.MAX_SAFE_INTEGER;
  return new FairPool({ places: 2, placesPerKey: 1, waiting: unlimited, waitingPerKey: unlimited });
}

export interface ResponseBodyDeps {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly user: string;
  /** See `createGzipThreads`. */
  readonly threads: FairPool;
  /** Aborted when the response is closed. */
  readonly closed: AbortSignal;
  readonly slowClientMs: number;
}

/**
 * The body of a response, compressed with gzip if the client accepts it and the body isn't short. The first chunk
 * decides. Each chunk is flushed, so that the client gets it at once, and the next one begins when the socket accepts
 * more data.
 */
export class ResponseBody {
  readonly #deps: ResponseBodyDeps;
  readonly #output: Buffer[] = [];
  #gzip: Gzip | undefined;
  #isCompressed: boolean | undefined;

  constructor(deps: ResponseBodyDeps) {
    this.#deps = deps;
    deps.res.appendHeader("vary", "Accept-Encoding");
  }

  /** Memory that the body may need besides its chunks, in bytes. */
  get overhead(): number {
    return acceptsGzip(this.#deps.req) ? GZIP_BYTES : 0;
  }

  /** Sends a chunk. Resolves once the socket accepts more data. Rejects as `write` does. */
  async write(chunk: Buffer): Promise<void> {
    const { res, slowClientMs } = this.#deps;
    await write(res, await this.#encode(chunk, false), slowClientMs);
  }

  /** Ends the body, with a last chunk if there is one. For HEAD, sends only the headers. */
  async end(chunk: Buffer = Buffer.alloc(0)): Promise<void> {
    this.#deps.res.end(await this.#encode(chunk, true));
  }

  /** Returns the bytes to send for a chunk. */
  async #encode(chunk: Buffer, isLast: boolean): Promise<Buffer> {
    const { req, res } = this.#deps;
    this.#isCompressed ??= chunk.length >= MIN_BYTES && acceptsGzip(req);
    if (!this.#isCompressed) return chunk;
    const bytes = req.method === "HEAD" ? chunk : await this.#compressed(chunk, isLast);
    // Only now, because a failure before the first byte is answered with an error, which isn't compressed.
    if (!res.headersSent) {
      res.removeHeader("content-length");
      res.setHeader("content-encoding", "gzip");
    }
    return bytes;
  }

  async #compressed(chunk: Buffer, isLast: boolean): Promise<Buffer> {
    const { user, closed, threads } = this.#deps;
    this.#gzip ??= this.#createGzip();
    const gzip = this.#gzip;
    const release = await threads.take(user, closed);
    try {
      await raceAbort(compress(gzip, chunk, isLast), closed);
    } finally {
      release();
    }
    return Buffer.concat(this.#output.splice(0));
  }

  #createGzip(): Gzip {
    const { closed } = this.#deps;
    const gzip = createGzip(GZIP).on("data", (part: Buffer) => this.#output.push(part));
    if (closed.aborted) gzip.close();
    else closed.addEventListener("abort", () => gzip.close(), { once: true });
    return gzip;
  }
}

/** Compresses a chunk on another thread. Resolves once all of its output has been emitted. */
function compress(gzip: Gzip, chunk: Buffer, isLast: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    gzip.once("error", reject);
    const done = (): void => {
      gzip.off("error", reject);
      resolve();
    };
    if (isLast) gzip.once("end", done).end(chunk);
    else {
      gzip.write(chunk);
      gzip.flush(constants.Z_SYNC_FLUSH, done);
    }
  });
}
