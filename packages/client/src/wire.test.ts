import type { LogMessage, ServerFrame as ModelsServerFrame } from "@parley/models";
import { expectTypeOf, it } from "vitest";
import type { Message, ServerFrame } from "./wire.ts";

it("P20, P30: the SDK's types of frames match the server's", () => {
  expectTypeOf<ModelsServerFrame>().toExtend<ServerFrame>();
  expectTypeOf<ServerFrame["type"]>().toEqualTypeOf<ModelsServerFrame["type"]>();
  expectTypeOf<Omit<LogMessage, "ref">>().toExtend<Omit<Message, "timestamp">>();
});
