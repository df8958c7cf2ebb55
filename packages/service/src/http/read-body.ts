import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { ChatError } from "@parley/models";

const NOT_UTF8 = "The body must be JSON in UTF-8.";

/** Throws `unsupported_media_type` unless the body is declared as plain JSON. An HTML form can't declare that. */
export function assertJson({ headers }: IncomingMessage): void {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (type !== "application/json" || encoding !== "identity") throw new ChatError("unsupported_media_type");
}

/**
 * Reads a body of at most `maxBytes` bytes of UTF-8. Rejects with `payload_too_large` as soon as it is known to be longer,
 * and with the request's own error if the client leaves. Calls `onRead` with the size of each part.
 */
export async function readBody(
  req: IncomingMessage,
  maxBytes: number,
  onRead: (bytes: number) => void = () => undefined,
): Promise<string> {
  if (Number(req.headers["content-length"] ?? 0) > maxBytes) throw new ChatError("payload_too_large");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    onRead(chunk.length);
    if (bytes > maxBytes) throw new ChatError("payload_too_large");
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (!isUtf8(body)) throw new ChatError("invalid_json", { message: NOT_UTF8 });
  return body.toString();
}
