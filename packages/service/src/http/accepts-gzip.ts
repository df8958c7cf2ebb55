import type { IncomingMessage } from "node:http";

/** Tells if the client of a request accepts gzip: by name or as any encoding (`*`), and not with the quality 0. */
export function acceptsGzip({ headers }: IncomingMessage): boolean {
  const qualities = new Map(
    String(headers["accept-encoding"] ?? "")
      .toLowerCase()
      .split(",")
      .map((part) => {
        const [name = "", ...parameters] = part.split(";").map((text) => text.trim());
        const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
        return [name, Number(quality)] as const;
      }),
  );
  return (qualities.get("gzip") ?? qualities.get("*") ?? 0) > 0;
}
