import { coefficientsOf } from '../scheduling/coefficients.ts'
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
}

/**
 * Changes the order in which a tenant's waiting tasks are claimed. What becomes READY from now on stands by the new order and
 * is claimed first; the scheduler moves over what waits, in batches, while claims go on.
 */
export async function configureScheduling(
  engine: Engine,
  actor: Actor,
  { strategy, settings = {} }: ConfigureScheduling,
): Promise<Result<null>> {
  const issues = checkSettings(settings)
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  await transact(engine, async (client) => {
    const before = await lockScheduling(client, actor.tenant)
    const next = {
      strategy: strategy ?? before.strategy,
      settings: { ...before.settings, ...settings },
      asOf: before.now,
    }
    await writeScheduling(client, actor.tenant, {
      ...next,
      coefficients: coefficientsOf(next.strategy, next.settings, next.asOf),
    })
  })
  engine.channel.publish('reordered')
  return accepted(null)
}
