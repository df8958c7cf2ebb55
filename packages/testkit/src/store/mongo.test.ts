import { openMongoStore } from "@parley/store/mongo";
import { afterAll, describe } from "vitest";
import { mongoServer } from "../servers.ts";
import { formatOneContract, storeContract } from "./contract.ts";

const mongo = await mongoServer();
afterAll(() => mongo?.stop());

describe.skipIf(mongo === undefined)("on a real server", () => {
  const openAt = (place: string) => openMongoStore({ url: `${mongo?.url}/${place}`, timeoutMs: 20_000 });
  storeContract("MongoDB", openAt, { modelRuns: 12 });
  formatOneContract("MongoDB in format 1", openAt);
});
