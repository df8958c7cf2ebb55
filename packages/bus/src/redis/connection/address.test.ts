import { describe, expect, it } from "vitest";
import { parseRedisUrl } from "./address.ts";

const NO_LOGIN = { username: "", password: "" };

describe("a Redis URL", () => {
  it("is parsed into one server, with user, password and database", () => {
    expect(parseRedisUrl("redis://localhost")).toEqual({
      endpoints: [{ host: "localhost", port: 6379 }],
      login: NO_LOGIN,
      db: 0,
      tls: false,
    });
    expect(parseRedisUrl("rediss://me:p%40ss@[::1]:7000/3")).toEqual({
      endpoints: [{ host: "::1", port: 7000 }],
      login: { username: "me", password: "p@ss" },
      db: 3,
      tls: true,
    });
  });

  it("is parsed into Sentinels and the master's name; the port defaults to 26379", () => {
    expect(parseRedisUrl("redis+sentinel://h1:26380,h2,[::1]:5/chat")).toEqual({
      endpoints: [
        { host: "h1", port: 26380 },
        { host: "h2", port: 26379 },
        { host: "::1", port: 5 },
      ],
      login: NO_LOGIN,
      db: 0,
      tls: false,
      sentinel: { master: "chat", login: NO_LOGIN },
    });
  });

  it("has the data servers' password before the hosts, and the Sentinels' password as a parameter", () => {
    const url = "rediss+sentinel://:a%2Fb+c@h/my-master/2?sentinelUsername=eye&sentinelPassword=x%26y+z=";
    expect(parseRedisUrl(url)).toMatchObject({
      login: { username: "", password: "a/b+c" },
      db: 2,
      tls: true,
      sentinel: { master: "my-master", login: { username: "eye", password: "x&y+z=" } },
    });
  });

  it.each([
    ["http://localhost", /must start with/],
    ["localhost:6379", /must start with/],
    ["", /must start with/],
    ["redis://h:hunter2", /form redis:/],
    ["redis://h/hunter2", /database/],
    ["redis://:hunter2%@h", /%25/],
    ["redis+sentinel://hunter2", /form redis\+sentinel:/],
    ["redis+sentinel://h:26379/", /name-of-the-master/],
    ["redis+sentinel://h/a/b/hunter2", /name-of-the-master/],
    ["redis+sentinel://h/a/hunter2", /database/],
    ["redis+sentinel:///hunter2", /form redis\+sentinel:/],
    ["redis+sentinel://h,,hunter2/m", /separated by commas/],
    ["redis+sentinel://h:99999/hunter2", /separated by commas/],
    ["redis+sentinel://:hunter2%@h/m", /%25/],
    ["redis+sentinel://h/m?sentinelPasswrod=hunter2", /sentinelPassword/],
  ])("is rejected by an error that does not show it: %s", (url, reason) => {
    const parse = () => parseRedisUrl(url);
    expect(parse).toThrow(TypeError);
    expect(parse).toThrow(reason);
    expect(parse).not.toThrow(/hunter2/);
  });
});
