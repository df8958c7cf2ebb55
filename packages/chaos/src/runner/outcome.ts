/** The outcome of all runs. */
export interface Outcome {
  /** Markdown. */
  readonly table: string;
  /** One line. */
  readonly summary: string;
  readonly isSuccess: boolean;
}
