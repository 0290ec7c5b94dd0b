export { cacheAccessed, defineChannel, listenerErrors, queryFinished, requestFinished } from './channels.js';
export type { CacheAccessed, Channel, QueryFinished, RequestFinished } from './channels.js';
export { systemClock } from './clock.js';
export type { Clock } from './clock.js';
export type { HealthProbe, HealthReport, HealthStatus } from './health-probe.js';
export { Problem } from './problem.js';
export type { ProblemItem, ProblemOptions } from './problem.js';
export { currentRequest, newRequestContext, runInRequest } from './request-context.js';
export type { RequestContext } from './request-context.js';
