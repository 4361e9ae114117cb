import { type Pool, writePool } from '../pool/store.ts'
import { checkCapacity, checkPoolName } from '../scheduling/limit-settings.ts'
import { accepted, type InputIssue, type Result, refusedWith } from '../task/refusal.ts'
import type { Actor, Engine } from './engine.ts'

export interface ConfigurePool {
  readonly name: string
  /** Slots in all, 0 to 100,000. A cut lets nobody in until enough tasks have ended. */
  readonly capacity: number
  /** Absent: stays; null: none. */
  readonly description?: string | null
}

/** Makes a pool, or changes it. */
export async function configurePool(engine: Engine, actor: Actor, input: ConfigurePool): Promise<Result<Pool>> {
  const issues: InputIssue[] = [...checkPoolName(input.name, ['name']), ...checkCapacity(input.capacity, ['capacity'])]
  if ((input.description?.length ?? 0) > 10_000)
    issues.push({ path: ['description'], message: `has ${input.description!.length} characters; 10,000 at most` })
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const pool = await writePool(engine.db, actor.tenant, input)
  engine.channel.publish('limits', JSON.stringify({ tenant: actor.tenant, keys: [`pool:${input.name}`] }))
  return accepted(pool)
}
