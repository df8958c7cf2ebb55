import { expect, it } from "vitest";
import { parseRedisVersion } from "./redis-version.ts";

it("reports Valkey with its own version, not with the compatible Redis version", () => {
  const redis = "# Server\r\nredis_version:8.2.1\r\nredis_mode:standalone\r\n";
  expect(parseRedisVersion(redis)).toBe("Redis 8.2.1");
  expect(parseRedisVersion(`${redis}valkey_version:9.1.2\r\n`)).toBe("Valkey 9.1.2");
});
