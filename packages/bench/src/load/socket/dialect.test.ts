import { expect, it } from "vitest";
import { DIALECTS, type DialectName, type FrameKind } from "./dialect.ts";

const kindOf = (name: DialectName, text: string): FrameKind => {
  const before = "of the frame before";
  const data = Buffer.from(before + text);
  return DIALECTS[name].kindOf(data, before.length, text.length);
};

it.each<[DialectName, string, FrameKind]>([
  ["parley", '{"type":"message","id":"1"}', "message"],
  ["parley", '{"type":"ack","ref":"1"}', "ack"],
  ["parley", '{"type":"error","code":"x"}', "error"],
  ["parley", '{"type":"ready","user":"a"}', "ready"],
  ["parley", '{"type":"reconnect","afterMs":1}', "other"],
  ["parley", '{"type":"pong"}', "other"],
  ["tutorial", '{"type":"message","id":"1"}', "message"],
  ["tutorial", "{}", "other"],
  ["socketIo", '0{"sid":"x"}', "other"],
  ["socketIo", '40{"sid":"x"}', "ready"],
  ["socketIo", '44{"message":"unauthorized"}', "error"],
  ["socketIo", '42["message",{"type":"message"}]', "message"],
  ["socketIo", "2", "ping"],
  ["centrifuge", "{}", "ping"],
  ["centrifuge", '{"id":1,"connect":{"client":"x","subs":{}}}', "ready"],
  ["centrifuge", '{"id":12,"publish":{}}', "ack"],
  ["centrifuge", '{"id":1234,"rpc":{}}', "ack"],
  ["centrifuge", '{"id":2,"error":{"code":103}}', "error"],
  ["centrifuge", '{"push":{"channel":"public","pub":{"data":{}}}}', "message"],
  ["centrifuge", '{"id":2}', "other"],
])("%s: %s is %s", (name, text, kind) => {
  expect(kindOf(name, text)).toBe(kind);
});

it("every dialect sends the same recipient and content", () => {
  for (const { message } of Object.values(DIALECTS)) {
    for (const to of ["bob", ""]) {
      const [json = ""] = /\{"to".*?\}/.exec(message(to, "hello", "a-0-1")) ?? [];
      expect(JSON.parse(json)).toMatchObject({ to, content: "hello" });
    }
  }
});

it("Centrifuge: the number of the ref is the command's id", () => {
  expect(JSON.parse(DIALECTS.centrifuge.message("bob", "hello", "x-3-17"))).toEqual({
    id: 17,
    rpc: { method: "message", data: { to: "bob", content: "hello" } },
  });
  expect(JSON.parse(DIALECTS.centrifuge.message("", "hello", "x-3-18"))).toMatchObject({ id: 18 });
});

it("puts the token where each server looks for it", () => {
  expect(DIALECTS.parley.headers("t")).toEqual({ "Sec-WebSocket-Protocol": "chat.v1, bearer.t" });
  expect(DIALECTS.tutorial.headers("t")).toEqual({ Authorization: "Bearer t" });
  expect(DIALECTS.socketIo.greeting?.("t")).toBe('40{"token":"t"}');
  expect(DIALECTS.centrifuge.greeting?.("t")).toBe('{"id":1,"connect":{"token":"t"}}');
});
