import type { Verifier } from "@parley/auth";
import type { Bus } from "@parley/bus";
import type { Page } from "@parley/page";
import type { GatewayConfig } from "./config.ts";
import type { Observe } from "./events.ts";
import type { IssueToken } from "./http/dev-tokens.ts";

/** Dependencies and settings of a gateway. */
export interface GatewayOptions {
  /** The gateway opens the roles `append` and `live` when it is created. */
  readonly bus: Pick<Bus, "append" | "live">;
  readonly verifier: Verifier;
  /** Issues development tokens (P60). Undefined: there are none. */
  readonly issueToken?: IssueToken | undefined;
  /** The secret of a front on this machine, whose requests for development tokens are answered. Undefined: none. */
  readonly frontSecret?: string | undefined;
  /** Web page for browsers at `/`. Undefined: everyone gets plain text there. */
  readonly page?: Page | undefined;
  readonly config: GatewayConfig;
  readonly observe: Observe;
  /** Wall clock in ms since 1970, by which tokens expire. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
}
