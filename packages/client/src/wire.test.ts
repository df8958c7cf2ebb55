import type { LogMessage, ServerFrame as ServersFrame } from "@parley/models";
import { expectTypeOf, it } from "vitest";
import type { Message, ServerFrame } from "./wire.ts";

it("P20, P30: whatever a server says by its own types is something that the SDK's types know, and the reverse", () => {
  expectTypeOf<ServersFrame>().toExtend<ServerFrame>();
  expectTypeOf<ServerFrame["type"]>().toEqualTypeOf<ServersFrame["type"]>();
  expectTypeOf<Omit<LogMessage, "ref">>().toExtend<Omit<Message, "timestamp">>();
});
