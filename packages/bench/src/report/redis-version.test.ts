import { expect, it } from "vitest";
import { parseRedisVersion } from "./redis-version.ts";

it("names Valkey by its own version, not by the one it is compatible with", () => {
  const redis = "# Server\r\nredis_version:8.2.1\r\nredis_mode:standalone\r\n";
  expect(parseRedisVersion(redis)).toBe("Redis 8.2.1");
  expect(parseRedisVersion(`${redis}valkey_version:9.1.2\r\n`)).toBe("Valkey 9.1.2");
});
