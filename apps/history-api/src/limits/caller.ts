/** The client of a request, as limits count it: by its user and by its address. */
export interface Caller {
  /** The token's user. An internal service that reads as others counts by its own name (P54). */
  readonly user: string;
  /** The client's address, or its /64 network for IPv6 (see `addressBlock`). */
  readonly address: string;
}
