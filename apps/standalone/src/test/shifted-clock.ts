/** Preloaded with `node --import`: sets the process's wall clock back by an hour. */
const HOUR_MS = 3_600_000;
const now = Date.now;
Date.now = () => now() - HOUR_MS;
