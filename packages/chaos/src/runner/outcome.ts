/** The outcome of all runs. */
export interface Outcome {
  /** The table of all results, in Markdown. */
  readonly table: string;
  /** The summary in one line. */
  readonly summary: string;
  readonly isSuccess: boolean;
}
