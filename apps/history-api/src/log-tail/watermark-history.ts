/** How long an entry stays in the tail after the watermark passed it, in ms: covers a step-down of MongoDB (L20). */
const KEEP_STORED_MS = 30_000;

interface Mark {
  readonly watermark: string;
  readonly at: number;
}

/** When the watermark was seen where, to know what it passed long ago (L20). Times are in ms of one steady clock. */
export class Marks {
  #marks: Mark[] = [];

  note(watermark: string, at: number): void {
    if (this.#marks.at(-1)?.watermark !== watermark) this.#marks.push({ watermark, at });
  }

  /** The greatest id that the watermark had reached `KEEP_STORED_MS` before `at`; what lies up to it may go. */
  takePassed(at: number): string | undefined {
    const passed = this.#marks.filter((mark) => at - mark.at >= KEEP_STORED_MS).at(-1);
    if (passed) this.#marks = this.#marks.filter((mark) => mark.at > passed.at);
    return passed?.watermark;
  }

  /** The last watermark seen. */
  latest(): string | undefined {
    return this.#marks.at(-1)?.watermark;
  }
}
