/** Handling a request, however small, takes about as long as parsing this many bytes of a WebSocket. */
export const REQUEST_COST = 4_096;
/** Answering with an error costs about as much as reading this many bytes. It counts against the user's limit on reading. */
export const ERROR_COST = 1_024;
