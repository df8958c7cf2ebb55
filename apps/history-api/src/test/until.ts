import { vi } from "vitest";

/** Waits for a condition, and as long as a slow machine may need: a test that passes takes no longer for it. */
export function until<Value>(
  condition: () => Value | Promise<Value>,
  timeout = 15_000,
): Promise<NonNullable<Value>> {
  return vi.waitUntil(condition, { timeout, interval: 10 }) as Promise<NonNullable<Value>>;
}
