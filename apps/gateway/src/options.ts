import type { Verifier } from "@parley/auth";
import type { Bus } from "@parley/bus";
import type { Page } from "@parley/page";
import type { GatewayConfig } from "./config.ts";
import type { Observe } from "./events.ts";
import type { IssueToken } from "./http/dev-tokens.ts";

/** What a gateway is made of and told. */
export interface GatewayOptions {
  /** Asked for its roles `append` and `live`, at once. */
  readonly bus: Pick<Bus, "append" | "live">;
  readonly verifier: Verifier;
  /** Where tokens for a first try are given (P60). */
  readonly issueToken?: IssueToken | undefined;
  /** What browsers are shown at `/`; without it everybody gets plain text there. */
  readonly page?: Page | undefined;
  readonly config: GatewayConfig;
  readonly observe: Observe;
  /** Ms since 1970, as tokens count; for tests. */
  readonly now?: (() => number) | undefined;
}
