import { describe, expect, it } from "vitest";
import { attackSummary, attackTable } from "./report/attack-table.ts";
import { type AttackResult, type Completed, harmOf, isSlow, type Phase, problemsOf } from "./result.ts";

const attack = { name: "loops", title: "8 loops", unit: "requests" };

function phase(changes: Partial<Phase["samples"]> = {}): Phase {
  const samples = { acks: [4, 5], pages: [20], connects: [9], refusals: new Map(), ...changes };
  return { samples, operationsPerSecond: 1_234, refusals: 17, loopDelayMs: 12, ownDelayMs: 11 };
}

function result(changes: Partial<Completed> = {}): AttackResult {
  const rounds = [{ attack: phase(), control: phase() }];
  const rest = { ended: [], failedChecks: new Map(), peakBytes: new Map([["gateway", 100 * 2 ** 20]]) };
  return { attack, shape: "split", outcome: { kind: "completed", rounds, ...rest, ...changes } };
}

const problems = (one: AttackResult, ...others: AttackResult[]) => problemsOf(one, [one, ...others]);
const attacked = (changes: Partial<Phase["samples"]>) =>
  result({ rounds: [{ attack: phase(changes), control: phase() }] });

describe("the goals of an attack", () => {
  it("are met when the users notice nothing", () => {
    expect(problems(result())).toEqual([]);
    expect(attackTable([result()])).toContain(
      "| `loops`: 8 loops | split | met | 5.0 ms | 5.0 ms | 1.0 | 20 ms | 20 ms | 1.0 | 9.0 ms | 9.0 ms | 0 | none | 100 MiB (gateway) | 12 ms | 11 ms | 1,234 requests/s | 17 times a phase |",
    );
  });

  it("allow twice the control's time, as the 99th percentile of all rounds together", () => {
    expect(problems(attacked({ acks: [10], pages: [40] }))).toEqual([]);
    expect(problems(attacked({ acks: [10.1] }))).toEqual([
      "p99 of an ack: 10.1 ms with the attack, 5.0 ms with the control, 5.0 ms with all controls: 2.0 times, goal: 2",
    ]);
    expect(problems(attacked({ pages: [471] }))).toEqual([
      "p99 of a history page: 471.0 ms with the attack, 20.0 ms with the control, 20.0 ms with all controls: 23.6 times, goal: 2",
    ]);
    const usual = Array.from({ length: 50 }, () => 5);
    const roundWith = (...acks: number[]) => ({
      attack: phase({ acks: [...usual, ...acks] }),
      control: phase(),
    });
    expect(problems(result({ rounds: [roundWith(900), roundWith(5)] }))).toEqual([]);
    expect(problems(result({ rounds: [roundWith(900), roundWith(900)] }))).toHaveLength(1);
  });

  it("give a row more rounds if it took more than twice as long as its own control", () => {
    const rounds = (changes: Partial<Phase["samples"]>) => [{ attack: phase(changes), control: phase() }];
    expect(isSlow(rounds({ acks: [10], pages: [40] }))).toBe(false);
    expect(isSlow(rounds({ acks: [10.1] }))).toBe(true);
    expect(isSlow(rounds({ pages: [40.1] }))).toBe(true);
    expect(isSlow(rounds({ acks: [], pages: [] }))).toBe(false);
  });

  it("allow twice the time of all controls of the system, if the control of the row was quicker", () => {
    const other = (acks: number[], shape: AttackResult["shape"]): AttackResult => {
      const rounds = [{ attack: phase(), control: phase({ acks, pages: [19] }) }];
      return { ...result({ rounds }), shape };
    };
    const slow = attacked({ acks: [16] });
    expect(problems(slow, other([8, 8, 8], "split"))).toEqual([]);
    expect(problems(slow, other([7, 7, 7], "split"))).toEqual([
      "p99 of an ack: 16.0 ms with the attack, 5.0 ms with the control, 7.0 ms with all controls: 2.3 times, goal: 2",
    ]);
    expect(problems(slow, other([8, 8, 8], "standalone"))).toHaveLength(1);
    expect(attackTable([slow, other([8, 8, 8], "split")])).toContain(
      "\n\nAll controls together, 99th percentile:\n\n- split: acks 8.0 ms (5.0 ms to 8.0 ms in one row), history 20 ms (19 ms to 20 ms in one row)",
    );
  });

  it("bound every new connection, and the memory of every process", () => {
    expect(problems(attacked({ connects: [5, 9_000] }))).toEqual([
      "a new connection took 9000 ms, goal: 1000 ms",
    ]);
    expect(problems(result({ peakBytes: new Map([["history-api", 401 * 2 ** 20]]) }))).toEqual([
      "history-api took 401 MiB, goal: 400 MiB",
    ]);
  });

  it("allow no refusal, no process that ended and no failed health check", () => {
    const refusals = new Map([["send: backlog_full", 3]]);
    const harmed = result({
      rounds: [
        { attack: phase({ refusals }), control: phase() },
        { attack: phase({ refusals }), control: phase({ refusals: new Map([["history: 503", 1]]) }) },
      ],
      ended: ["gateway 1"],
      failedChecks: new Map([["persister", 2]]),
    });
    const harm = [
      "a process ended: gateway 1",
      "2 health checks of persister failed",
      "refused: send: backlog_full (6 times)",
      "refused after the attack: history: 503 (1 times)",
    ];
    expect(harmOf(harmed)).toEqual(harm);
    expect(problems(harmed)).toEqual(harm);
    expect(attackTable([harmed])).toMatch(
      /\| MISSED \|.*\| 6 \| gateway 1 \|[\s\S]*Missed goals:\n\n- loops, split: a process ended: gateway 1\n/,
    );
    expect(attackSummary([harmed, result()])).toBe("2 trials: 1 met every goal, 1 did not");
  });

  it("are missed by a trial that was aborted or measured nothing", () => {
    const aborted: AttackResult = { ...result(), outcome: { kind: "aborted", reason: "no cluster" } };
    expect(problems(aborted)).toEqual(["the trial was aborted: no cluster"]);
    expect(attackTable([aborted])).toContain("| MISSED | ");
    expect(problems(attacked({ acks: [] }))).toEqual(["no ack was measured"]);
  });
});
