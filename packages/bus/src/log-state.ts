/** The log's state at one moment, as the log itself knows it. */
export interface LogState {
  /** The last id in the log. */
  readonly end: string;
  /** Everything up to this id is stored (L12). */
  readonly watermark: string;
  /** The number of entries after the watermark (L7). */
  readonly backlogEntries: number;
  /** The bytes of the entries after the watermark (L7). */
  readonly backlogBytes: number;
  /**
   * The time since the first entry after the watermark was appended, in ms by the log's clock. 0 if everything is
   * stored, or if the log's ids are ahead of its clock (F17).
   */
  readonly lagMs: number;
  /** The number of dead letters that wait for an operator's decision (L10). */
  readonly deadLetters: number;
}
