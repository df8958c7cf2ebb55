/** The user and the address of a request. The limits count a request for both. */
export interface Caller {
  /** The token's user. If an internal service reads as another user, this is the service's own name (P54). */
  readonly user: string;
  /** The client's address, or its /64 network for IPv6 (see `addressBlock`). */
  readonly address: string;
}
