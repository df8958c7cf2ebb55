import { redactUrl } from "@parley/service";
import type { MongoFacts } from "@parley/store/mongo";
import { type Finding, note, ok, wrong } from "./finding.ts";

const OLDEST = 5;

/** What a MongoDB must be for history (docs/operating.md, MongoDB). */
export function judgeMongo(facts: MongoFacts): Finding[] {
  const { version, major, replicaSet, members, writeConcern, database, missingIndexes } = facts;
  return [
    major >= OLDEST
      ? ok("mongo", `MongoDB ${version}, database ${database}`)
      : wrong("mongo", `MongoDB ${version} is too old`, "Use MongoDB 5 or newer."),
    replicaSet === undefined
      ? note(
          "mongo writes",
          `${writeConcern}, on a server that is no replica set: a majority is that one disk`,
          "Start it with --replSet and run rs.initiate(), also if it is one node.",
        )
      : ok("mongo writes", `${writeConcern}, in replica set ${replicaSet} of ${members}`),
    missingIndexes.length === 0
      ? ok("indexes", "all there")
      : wrong(
          "indexes",
          `missing: ${missingIndexes.join(" ")}`,
          "A persister makes them: start one, and look at its log.",
        ),
  ];
}

export function noMongo(url: string, reason: string): Finding {
  return wrong("mongo", `${redactUrl(url)}: ${reason}`, "Start it, or set MONGO_URL to where it is.");
}
