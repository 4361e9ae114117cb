import type { RetryStrategy, TaskTypeDefaultsInput } from '../sdk/generated/operations.ts'
import type { TaskDefaults } from '../task/new-task.ts'
import { resourcesInputOf } from './resources-input-of.ts'

/** What tasks of a type start with, as the graph takes it: times as ISO 8601 durations. */
export function defaultsInputOf({ priority, retry, timeouts, resources, pools }: TaskDefaults): TaskTypeDefaultsInput {
  return {
    ...(priority !== undefined && { priority }),
    ...((resources !== undefined || pools !== undefined) && {
      resources: {
        ...resourcesInputOf(resources ?? {}),
        ...(pools !== undefined && { pools: Object.entries(pools).map(([pool, slots]) => ({ pool, slots })) }),
      },
    }),
    ...(retry !== undefined && {
      retry: {
        ...same(retry, ['maxAttempts', 'factor', 'jitter', 'nonRetryableCodes']),
        ...(retry.strategy !== undefined && { strategy: retry.strategy.toUpperCase() as RetryStrategy }),
        ...(retry.initialMs !== undefined && { initial: durationOf(retry.initialMs) }),
        ...(retry.maxMs !== undefined && { max: durationOf(retry.maxMs) }),
      },
    }),
    ...(timeouts !== undefined && {
      timeouts: {
        ...(timeouts.queueMs != null && { queue: durationOf(timeouts.queueMs) }),
        ...(timeouts.attemptMs != null && { attempt: durationOf(timeouts.attemptMs) }),
        ...(timeouts.totalMs != null && { total: durationOf(timeouts.totalMs) }),
        ...(timeouts.heartbeatMs != null && { heartbeat: durationOf(timeouts.heartbeatMs) }),
      },
    }),
  }
}

function same<Whole extends object, Name extends keyof Whole>(whole: Whole, names: readonly Name[]): Pick<Whole, Name> {
  return Object.fromEntries(
    names.filter((name) => whole[name] !== undefined).map((name) => [name, whole[name]]),
  ) as never
}

function durationOf(ms: number): string {
  return `PT${ms / 1_000}S`
}
