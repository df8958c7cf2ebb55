/** Loaded before everything else (`node --import`): the calendar of the process is an hour behind. */
const HOUR_MS = 3_600_000;
const now = Date.now;
Date.now = () => now() - HOUR_MS;
