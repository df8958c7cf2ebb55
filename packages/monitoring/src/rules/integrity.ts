import type { RuleBuilder } from "./rule.ts";

/** Alerts about the log itself: what it lost, or should not contain. */
export const integrity: RuleBuilder = (scale) => {
  const replaced = (minutes: number) =>
    `(sum(increase(parley_bus_logs_created_total[${scale.time(minutes)}])) > 0)`;
  return [
    {
      alert: "ParleyLogReplaced",
      // The first start creates a log too. Then no process ran before.
      expr: `${replaced(10)} unless absent(parley_info offset ${scale.time(10)})`,
      for: "0s",
      severity: "critical",
      summary: "The log was replaced: messages that were only in the old log are lost.",
    },
    {
      alert: "ParleyLiveGap",
      expr: `(sum(increase(parley_gateway_gaps_total[${scale.time(10)}])) > 0) unless ${replaced(15)}`,
      for: "0s",
      severity: "warning",
      summary: "A live stream had a gap that the log could not fill, and clients were told to sync.",
    },
    {
      alert: "ParleyDeadLetters",
      expr: "max(parley_persister_dead_letters) > 0",
      for: scale.time(1),
      severity: "warning",
      summary: "{{ $value }} entries of the log are not messages, and wait for a decision.",
    },
    {
      alert: "ParleyIdConflicts",
      expr: `sum(increase(parley_bus_entries_total{what="id-conflict"}[${scale.time(60)}])) > 0`,
      for: "0s",
      severity: "critical",
      summary: "The log assigned an id that the store already has: Redis lost data, or its clock went back.",
    },
  ];
};
