export { appendingLog } from "./env/appending-log.ts";
export { type AuthSettings, auth } from "./env/auth.ts";
export { ConfigError } from "./env/config-error.ts";
export { describeEnv, type VariableDescription } from "./env/describe.ts";
export { fields } from "./env/fields.ts";
export { maxConnectionsFor, maxSocketsFor, openFileLimit } from "./env/open-files.ts";
export { type Env, environmentWith, group, type RawEnv, readEnv, type Shape } from "./env/read.ts";
export { loadOrCreateSecret } from "./env/secret-file.ts";
export { pick, variables } from "./env/variables.ts";
export { acceptsGzip } from "./http/accepts-gzip.ts";
export { isLoopback, requestBlock, TrustedProxies } from "./http/address.ts";
export { type Admin, startAdmin } from "./http/admin.ts";
export { createFrontSecret, FRONT_HEADER, isDirect, isVouchedFor } from "./http/direct-request.ts";
export { hasOneHost, isLoopbackHost } from "./http/host.ts";
export { closeServer, type Listening, listen } from "./http/listen.ts";
export { answerCors, createOriginPolicy, LOOPBACK_ORIGINS, type OriginPolicy } from "./http/origins.ts";
export { type Problem, problemOf, sendProblem } from "./http/problem.ts";
export { hasUnknownParameters, refuseUnknownParameters } from "./http/query-parameters.ts";
export { assertJson, readBody } from "./http/read-body.ts";
export { sendReceipt } from "./http/receipt.ts";
export { rejectUpgrade } from "./http/reject-upgrade.ts";
export { withRetryTime } from "./http/retry-time.ts";
export { appFor, pathOf, ROUTES, type Route, routeList } from "./http/routes.ts";
export { SECURITY_HEADERS, setSecurityHeaders } from "./http/security-headers.ts";
export { noteWebSocket } from "./http/server/http-connection.ts";
export { type HttpEvent, type ObserveHttp, observeHttp } from "./http/server/http-metrics.ts";
export { createHttpServer, type HttpHandlers } from "./http/server/http-server.ts";
export { createPublicServer, publicServerFields } from "./http/server/public-server.ts";
export { runService, type ServiceContext } from "./lifecycle/run-service.ts";
export { chargeRequest, type Payer, readChargedBody } from "./limits/charged-body.ts";
export {
  type FrameLimit,
  type RateLimit,
  RateLimiter,
  type RateVerdict,
  rateError,
  rateLimitOf,
} from "./limits/rate-limiter.ts";
export { ERROR_COST } from "./limits/request-cost.ts";
export type { Rate } from "./limits/token-bucket.ts";
export { UnansweredRequests } from "./limits/unanswered-requests.ts";
export { createLogger, type Logger } from "./logging/logger.ts";
export { redactText, redactUrl } from "./logging/redact.ts";
export { addReadyGauge, createMetrics, type MetricFactory, metricFactory, Registry } from "./metrics.ts";
export { quickStart } from "./quick-start.ts";
export { readRunningSplit, writeRunningSplit } from "./running-split.ts";
