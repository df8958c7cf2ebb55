import { type Command, Redis } from "ioredis";
import { plainReason } from "./greeting.ts";

type Stream = Parameters<Redis["sendCommand"]>[1];

/** The commands with which a connection begins. */
const LOGIN = new Set(["hello", "auth"]);

/**
 * An ioredis client whose connection fails if the server refuses the login. ioredis prints some refusals on the console
 * and goes on, for example that of a server in protected mode.
 */
export class Client extends Redis {
  override sendCommand(command: Command, stream?: Stream): unknown {
    if (LOGIN.has(command.name)) {
      const { reject } = command;
      const rejectPlainly: typeof reject = (error) => reject(new Error(plainReason(error.message)));
      command.reject = rejectPlainly;
    }
    return super.sendCommand(command, stream);
  }
}
