import { AUTH_FAILURES, type AuthEvent } from "@parley/auth";
import { type Logger, metricFactory, type Registry } from "@parley/service";

/** Upper bounds of the buckets of `wait_seconds`, in seconds. */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** Returns an observer that writes a verifier's events to the process' log and metrics. */
export function observeAuth(log: Logger, registry: Registry): (event: AuthEvent) => void {
  const metrics = authMetrics(registry);
  return (event) => {
    countEvent(metrics, event);
    logEvent(log, event);
  };
}

type Metrics = ReturnType<typeof authMetrics>;

function authMetrics(registry: Registry) {
  const { counter, gauge, histogram } = metricFactory(registry, "auth");
  return {
    wait: histogram("wait_seconds", "Time that a token waited for its turn to be verified.", BUCKETS),
    waiting: gauge("waiting", "Tokens that wait to be verified, as of the last one that got its turn."),
    refused: counter("refused_total", "Tokens that weren't accepted, by reason.", { reason: AUTH_FAILURES }),
    fetches: counter("key_fetches_total", "Fetches of the issuer's keys, by outcome.", {
      outcome: ["fetched", "failed"],
    }),
  };
}

function countEvent({ wait, waiting, refused, fetches }: Metrics, event: AuthEvent): void {
  switch (event.type) {
    case "turn":
      wait.observe(event.ms / 1000);
      waiting.set(event.waiting);
      break;
    case "refused":
      refused.inc({ reason: event.failure });
      break;
    case "jwks-fetched":
      fetches.inc({ outcome: "fetched" });
      break;
    case "jwks-failed":
      fetches.inc({ outcome: "failed" });
  }
}

function logEvent(log: Logger, event: AuthEvent): void {
  switch (event.type) {
    case "warning":
      log.warn(event.text);
      break;
    case "jwks-failed":
      log.warn(event, event.type);
      break;
    case "jwks-fetched":
      log.debug(event, event.type);
  }
}
