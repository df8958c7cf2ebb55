import { describe, expect, it } from "vitest";
import { Findings } from "../../checker/findings.ts";
import { Sends } from "../load/sends.ts";
import { DeliveryCheck } from "./delivery-check.ts";
import { StorageCheck } from "./storage-check.ts";

const idOf = (n: number) => `1700000000000-000000000${n}-00`;
const [ZERO, ONE, TWO, THREE, LAST] = [0, 1, 2, 3, 9].map(idOf) as [string, string, string, string, string];

describe("G3: a connection", () => {
  function start() {
    const findings = new Findings();
    const deliveries = new DeliveryCheck(findings);
    for (const id of [ONE, TWO, THREE]) deliveries.expect(["alice", "bob"], id);
    const bob = deliveries.open("bob", ZERO);
    const receive = (...ids: string[]) => ids.forEach((id) => void deliveries.receive(bob, id));
    const lines = (horizon = LAST) => {
      deliveries.checkUpTo(horizon);
      return findings.lines();
    };
    return { deliveries, bob, receive, lines };
  }

  it("has received everything once and in order", () => {
    const { receive, lines, deliveries } = start();
    receive(ONE, TWO, THREE);
    expect(deliveries.countMissing(LAST)).toBe(0);
    expect(lines()).toEqual([]);
  });

  it("must not lack a message", () => {
    const { receive, lines, deliveries } = start();
    receive(ONE, THREE);
    expect(deliveries.countMissing(LAST)).toBe(1);
    expect(lines()).toEqual([`unseen: bob did not see ${TWO}`]);
    expect(lines()).toHaveLength(1);
  });

  it("must not receive a message twice or out of order, also after a check", () => {
    const { receive, lines } = start();
    receive(ONE, TWO, TWO);
    expect(lines(TWO)).toEqual([`duplicated: bob saw ${TWO} twice`]);
    receive(THREE, ONE);
    expect(lines()).toContain(`outOfOrder: bob saw ${ONE} after ${THREE}`);
  });

  it("needs nothing from before it was opened, after it was closed, or after the horizon", () => {
    const { receive, lines, deliveries, bob } = start();
    deliveries.receive(deliveries.open("alice", TWO), THREE);
    receive(ONE, TWO);
    expect(lines(TWO)).toEqual([]);
    bob.close();
    expect(lines()).toEqual([]);
  });
});

describe("G1, G2: the store", () => {
  function start() {
    const findings = new Findings();
    const storage = new StorageCheck(findings);
    storage.expect(ONE, "first");
    storage.expect(TWO, "second");
    return { findings, storage };
  }

  it("has every acknowledged message once, under the id of its ack", () => {
    const { findings, storage } = start();
    storage.found([{ _id: ONE, content: "first" }]);
    expect(storage.unstoredIds).toEqual([TWO]);
    storage.found([{ _id: TWO, content: "second" }]);
    storage.finish();
    expect(findings.lines()).toEqual([]);
    expect(storage.stored).toBe(2);
  });

  it("must not lack a message, have one twice, or have another one under its id", () => {
    const { findings, storage } = start();
    storage.found([
      { _id: ONE, content: "another" },
      { _id: THREE, content: "another" },
    ]);
    storage.finish();
    expect(findings.lines()).toEqual([
      `strange: "first" was acknowledged as ${ONE}, which is "another"`,
      'duplicated: "another" is stored twice',
      `lost: ${TWO} "second" was acknowledged`,
    ]);
  });
});

describe("G2: a message that is sent twice with the same ref", () => {
  it.each([
    [ONE, []],
    [TWO, [expect.stringMatching(/^duplicated: "soak 0: .*" was acknowledged as .* and as /)]],
  ])("must get the same id in both acks: %s", (second, lines) => {
    const failures: string[] = [];
    const findings = new Findings();
    const [deliveries, storage] = [new DeliveryCheck(findings), new StorageCheck(findings)];
    const onFailed = (reason: string) => void failures.push(reason);
    const sends = new Sends({ findings, deliveries, storage, onFailed });
    const { ref } = sends.create("alice", "bob", 2);
    for (const id of [ONE, second]) sends.acknowledge(ref, id);
    expect(findings.lines()).toEqual(lines);
    expect(sends).toMatchObject({ sent: 1, acked: 1, unanswered: 0 });
    expect(storage.unstoredIds).toEqual([ONE]);
    expect(sends.newest("bob", "alice")).toBe(ONE);
    sends.refuse(sends.create("bob", "alice", 1).ref, "unavailable");
    expect(failures).toEqual(["send: unavailable"]);
  });
});
