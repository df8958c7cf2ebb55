import type { JudgingVerifier } from "@parley/auth";
import type { Bus, Revocations } from "@parley/bus";
import type { Page } from "@parley/page";
import type { GatewayConfig } from "./config.ts";
import type { Observe } from "./events.ts";
import type { IssueToken } from "./http/dev-tokens.ts";

/** Dependencies and settings of a gateway. */
export interface GatewayOptions {
  /** The log. The gateway opens these roles when it is created. */
  readonly bus: Pick<Bus, "append" | "live" | "raiseMarks">;
  readonly verifier: JudgingVerifier;
  /** What is revoked (P65): a role of the same log, by which the verifier judges too. */
  readonly revocations: Revocations;
  /** Issues development tokens (P60). Undefined: no development tokens are issued. */
  readonly issueToken?: IssueToken | undefined;
  /**
   * Secret of the front of `start:split`. A request for a development token is also answered if it has this secret
   * (P60). Undefined: there is no front.
   */
  readonly frontSecret?: string | undefined;
  /** Web page for browsers at `/`. Undefined: browsers get plain text there too. */
  readonly page?: Page | undefined;
  readonly config: GatewayConfig;
  readonly observe: Observe;
  /** Wall clock in ms since 1970, by which tokens expire. Default: the system's. */
  readonly now?: (() => number) | undefined;
}
