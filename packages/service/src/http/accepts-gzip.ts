import type { IncomingMessage } from "node:http";

/** Maximum number of encodings, and of parameters of each, that are looked at. Nobody needs a token to send thousands (G5). */
const MAX_ENCODINGS = 32;
const MAX_PARAMETERS = 4;

/** Tells if the client of a request accepts gzip: by name or as any encoding (`*`), and not with the quality 0. */
export function acceptsGzip({ headers }: IncomingMessage): boolean {
  const qualities = new Map(
    String(headers["accept-encoding"] ?? "")
      .toLowerCase()
      .split(",", MAX_ENCODINGS)
      .map((part) => {
        const [name = "", ...parameters] = part.split(";", MAX_PARAMETERS).map((text) => text.trim());
        const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
        return [name, Number(quality)] as const;
      }),
  );
  return (qualities.get("gzip") ?? qualities.get("*") ?? 0) > 0;
}
