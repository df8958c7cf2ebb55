import { describe, expect, it } from "vitest";
import { addressOf } from "./address.ts";

const NOBODY = { username: "", password: "" };

describe("a Redis URL", () => {
  it("names one server, with user, password and database", () => {
    expect(addressOf("redis://localhost")).toEqual({
      endpoints: [{ host: "localhost", port: 6379 }],
      login: NOBODY,
      db: 0,
      tls: false,
    });
    expect(addressOf("rediss://me:p%40ss@[::1]:7000/3")).toEqual({
      endpoints: [{ host: "::1", port: 7000 }],
      login: { username: "me", password: "p@ss" },
      db: 3,
      tls: true,
    });
  });

  it("names Sentinels and what they call the master; their port is 26379 where none is said", () => {
    expect(addressOf("redis+sentinel://h1:26380,h2,[::1]:5/chat")).toEqual({
      endpoints: [
        { host: "h1", port: 26380 },
        { host: "h2", port: 26379 },
        { host: "::1", port: 5 },
      ],
      login: NOBODY,
      db: 0,
      tls: false,
      sentinel: { master: "chat", login: NOBODY },
    });
  });

  it("has the password of the data servers before the hosts, and that of the Sentinels as a parameter", () => {
    const url = "rediss+sentinel://:a%2Fb+c@h/my-master/2?sentinelUsername=eye&sentinelPassword=x%26y+z=";
    expect(addressOf(url)).toMatchObject({
      login: { username: "", password: "a/b+c" },
      db: 2,
      tls: true,
      sentinel: { master: "my-master", login: { username: "eye", password: "x&y+z=" } },
    });
  });

  it.each([
    ["http://localhost", /starts with/],
    ["localhost:6379", /starts with/],
    ["", /starts with/],
    ["redis://h:hunter2", /is not redis/],
    ["redis://h/hunter2", /database/],
    ["redis://:hunter2%@h", /%25/],
    ["redis+sentinel://hunter2", /is not redis\+sentinel/],
    ["redis+sentinel://h:26379/", /name-of-the-master/],
    ["redis+sentinel://h/a/b/hunter2", /name-of-the-master/],
    ["redis+sentinel://h/a/hunter2", /database/],
    ["redis+sentinel:///hunter2", /is not redis/],
    ["redis+sentinel://h,,hunter2/m", /separated by commas/],
    ["redis+sentinel://h:99999/hunter2", /separated by commas/],
    ["redis+sentinel://:hunter2%@h/m", /%25/],
    ["redis+sentinel://h/m?sentinelPasswrod=hunter2", /sentinelPassword/],
  ])("is refused without being shown: %s", (url, reason) => {
    const refused = () => addressOf(url);
    expect(refused).toThrow(TypeError);
    expect(refused).toThrow(reason);
    expect(refused).not.toThrow(/hunter2/);
  });
});
