import { writeConcurrencyLimits } from '../pool/store.ts'
import { checkRates, type RateLimit } from '../rate/check-rates.ts'
import { writeRateLimits } from '../rate/store.ts'
import { coefficientsOf } from '../scheduling/coefficients.ts'
import { type ConcurrencyLimit, checkConcurrencyLimits } from '../scheduling/limit-settings.ts'
import { lockScheduling, writeScheduling } from '../scheduling/store.ts'
import { checkSettings, type SchedulingSettings, type Strategy } from '../scheduling/strategy.ts'
import { accepted, type InputIssue, type Result, refusedWith } from '../task/refusal.ts'
import { readTaskTypeNames, readTaskTypes } from '../task/store/task-types.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

export interface ConfigureScheduling {
  /** Absent: stays. */
  readonly strategy?: Strategy
  /** Each one that is given replaces what was; absent ones stay. */
  readonly settings?: SchedulingSettings
  /** All of them from now on; absent: they stay. */
  readonly concurrencyLimits?: readonly ConcurrencyLimit[]
  /** All of them from now on; absent: they stay. */
  readonly rateLimits?: readonly RateLimit[]
}

/**
 * Changes the order in which a tenant's waiting tasks are claimed, how many of one concurrency key run at once, and how often
 * tasks of a type or a rate key start.
 *
 * What becomes READY from now on stands by the new order and is claimed first; the scheduler moves over what waits, in
 * batches, while claims go on. A limit that is lowered lets nobody in until enough have ended; a new rate takes hold of what waits in batches.
 */
export async function configureScheduling(
  engine: Engine,
  actor: Actor,
  { strategy, settings, concurrencyLimits, rateLimits }: ConfigureScheduling,
): Promise<Result<null>> {
  const issues = [
    ...checkSettings(settings ?? {}),
    ...below('concurrencyLimits', checkConcurrencyLimits(concurrencyLimits ?? [])),
    ...below('rateLimits', checkRates(rateLimits ?? [])),
  ]
  if (issues.length === 0) issues.push(...below('rateLimits', await unknownTypes(engine, actor, rateLimits ?? [])))
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const isReordered = strategy !== undefined || settings !== undefined
  await transact(engine, async (client) => {
    const before = await lockScheduling(client, actor.tenant)
    if (isReordered) {
      const next = {
        strategy: strategy ?? before.strategy,
        settings: { ...before.settings, ...settings },
        asOf: before.now,
      }
      const coefficients = coefficientsOf(next.strategy, next.settings, next.asOf)
      await writeScheduling(client, actor.tenant, { ...next, coefficients })
    }
    if (concurrencyLimits !== undefined) await writeConcurrencyLimits(client, actor.tenant, concurrencyLimits)
    if (rateLimits !== undefined) await writeRateLimits(client, actor.tenant, rateLimits)
  })
  if (isReordered) engine.channel.publish('reordered')
  if (concurrencyLimits !== undefined || rateLimits !== undefined) engine.channel.publish('limits')
  return accepted(null)
}

function below(field: string, issues: readonly InputIssue[]): InputIssue[] {
  return issues.map(({ path, message }) => ({ path: [field, ...path], message }))
}

/** A rate of a type that nobody serves yet would be a typing error more often than foresight. */
async function unknownTypes(
  { db }: Pick<Engine, 'db'>,
  { tenant }: Actor,
  limits: readonly RateLimit[],
): Promise<InputIssue[]> {
  const named = limits.flatMap(({ scope, pattern }) => (scope === 'TYPE' ? [pattern] : []))
  if (named.length === 0) return []
  const { types } = await readTaskTypes(db, tenant, named)
  if (named.every((name) => types.has(name))) return []
  const known = (await readTaskTypeNames(db, tenant)).join(', ')
  return limits.flatMap(({ scope, pattern }, index): InputIssue[] => {
    if (scope === 'KEY' || types.has(pattern)) return []
    return [
      {
        path: [index, 'type'],
        message: `"${pattern}" is no task type; there ${known === '' ? 'is none' : `are ${known}`}, and a worker that serves a type makes it known`,
      },
    ]
  })
}
