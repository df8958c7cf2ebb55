/** The SDK's only clocks. Tests replace them. */
export const clock = {
  /**
   * A monotonic clock in ms. Every duration and deadline is measured by it. On some platforms it stands still while
   * the machine sleeps.
   */
  now: (): number => performance.now(),
  /** Ms since 1970, for the times that people and tokens state. It may be wrong, and may be set at any moment. */
  wallTime: (): number => Date.now(),
};
