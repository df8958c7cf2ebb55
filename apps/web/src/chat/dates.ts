const DAY = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** Formats the time of day, in this browser's time zone and language. */
export const formatTime = (timestamp: string): string => TIME.format(new Date(timestamp));

/** Formats the day: "Today", "Yesterday" or the date. */
export function formatDay(timestamp: string, now: Date = new Date()): string {
  const date = new Date(timestamp);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (date.toDateString() === now.toDateString()) return "Today";
  return date.toDateString() === yesterday.toDateString() ? "Yesterday" : DAY.format(date);
}

/** Formats the time for today, and a short date for any other day. */
export function formatShort(timestamp: string, now: Date = new Date()): string {
  const date = new Date(timestamp);
  return (date.toDateString() === now.toDateString() ? TIME : SHORT_DAY).format(date);
}
