import { writeConcurrencyLimits } from '../pool/store.ts'
import { coefficientsOf } from '../scheduling/coefficients.ts'
import { type ConcurrencyLimit, checkConcurrencyLimits } from '../scheduling/limit-settings.ts'
import { lockScheduling, writeScheduling } from '../scheduling/store.ts'
import { checkSettings, type SchedulingSettings, type Strategy } from '../scheduling/strategy.ts'
import { accepted, type Result, refusedWith } from '../task/refusal.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

export interface ConfigureScheduling {
  /** Absent: stays. */
  readonly strategy?: Strategy
  /** Each one that is given replaces what was; absent ones stay. */
  readonly settings?: SchedulingSettings
  /** All of them from now on; absent: they stay. */
  readonly concurrencyLimits?: readonly ConcurrencyLimit[]
}

/**
 * Changes the order in which a tenant's waiting tasks are claimed, and how many of one concurrency key run at once.
 *
 * What becomes READY from now on stands by the new order and is claimed first; the scheduler moves over what waits, in
 * batches, while claims go on. A limit that is lowered lets nobody in until enough have ended.
 */
export async function configureScheduling(
  engine: Engine,
  actor: Actor,
  { strategy, settings, concurrencyLimits }: ConfigureScheduling,
): Promise<Result<null>> {
  const issues = [
    ...checkSettings(settings ?? {}),
    ...checkConcurrencyLimits(concurrencyLimits ?? []).map(({ path, message }) => ({
      path: ['concurrencyLimits', ...path],
      message,
    })),
  ]
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
  })
  if (isReordered) engine.channel.publish('reordered')
  if (concurrencyLimits !== undefined) engine.channel.publish('limits')
  return accepted(null)
}
