import { redactUrl } from "@parley/service";
import type { MongoFacts } from "@parley/store/mongo";
import { type Finding, note, ok, wrong } from "./finding.ts";

const MIN_MAJOR_VERSION = 5;

/** Checks a MongoDB against the store's requirements (docs/operating.md, MongoDB). */
export function checkMongo(facts: MongoFacts): Finding[] {
  const { version, major, replicaSet, members, writeConcern, database, missingIndexes, format } = facts;
  return [
    major >= MIN_MAJOR_VERSION
      ? ok("mongo", `MongoDB ${version}, database ${database}${format ? `, format ${format}` : ""}`)
      : wrong("mongo", `MongoDB ${version} is too old`, "Use MongoDB 5 or newer."),
    replicaSet === undefined
      ? note(
          "mongo writes",
          `${writeConcern}, on a server without a replica set: a majority is this one disk`,
          "Start it with --replSet and run rs.initiate(), even for a single node.",
        )
      : ok("mongo writes", `${writeConcern}, in replica set ${replicaSet} of ${members}`),
    missingIndexes.length === 0
      ? ok("indexes", "all there")
      : wrong(
          "indexes",
          `missing: ${missingIndexes.join(" ")}`,
          "A persister creates them: start one, and read its log.",
        ),
  ];
}

export function mongoUnreachable(url: string, reason: string): Finding {
  return wrong("mongo", `${redactUrl(url)}: ${reason}`, "Start it, or set MONGO_URL to its address.");
}
