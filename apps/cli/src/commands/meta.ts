import type { Meta } from "@parley/client";
import { metaFault } from "@parley/models";
import { usageError } from "../terminal/failure.ts";

/** Returns the value of the option --meta. Throws a usage Failure if it can't be a `meta` (P72). */
export function parseMeta(json: string | undefined): Meta | undefined {
  if (json === undefined) return undefined;
  const fault = metaFault(json);
  if (fault !== undefined) throw usageError(`--meta: ${fault}`);
  return JSON.parse(json);
}
