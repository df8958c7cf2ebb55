/** A target that delivers less than this share of the requested rate is full. */
export const SUSTAINED_SHARE = 0.95;

/** Below this share, higher rates are skipped: the target's backlog would take too long to drain. */
export const SKIP_SHARE = 0.8;
