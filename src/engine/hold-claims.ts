import { deletePause, insertPause, type Pause, type PauseScope } from '../scheduling/store.ts'
import { accepted, type InputIssue, type Result, refusedWith } from '../task/refusal.ts'
import { readTaskTypeNames } from '../task/store/task-types.ts'
import type { Actor, Engine } from './engine.ts'

export interface HeldClaims {
  readonly scope: PauseScope
  /** Of the queue or the task type; null for everything. */
  readonly name: string | null
}

/**
 * Lets nobody claim tasks of one type, of one queue, or any: what runs goes on. Holding what is held already changes nothing.
 */
export async function holdClaims(
  engine: Engine,
  actor: Actor,
  { reason, ...held }: HeldClaims & { readonly reason: string | null },
): Promise<Result<Pause>> {
  const issues = await check(engine, actor, held)
  if ((reason?.length ?? 0) > 1_000)
    issues.push({ path: ['reason'], message: `has ${reason!.length} characters; 1,000 at most` })
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const pause = await insertPause(engine.db, actor.tenant, { ...held, reason, pausedBy: actor.name })
  engine.channel.publish('held')
  return accepted(pause)
}

/** Lets tasks be claimed again. Releasing what is not held changes nothing. */
export async function releaseClaims(engine: Engine, actor: Actor, held: HeldClaims): Promise<Result<null>> {
  const issues = await check(engine, actor, held)
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  await deletePause(engine.db, actor.tenant, held)
  engine.channel.publish('claimable')
  engine.channel.publish('held')
  return accepted(null)
}

async function check(engine: Engine, { tenant }: Actor, { scope, name }: HeldClaims): Promise<InputIssue[]> {
  if (scope === 'ALL')
    return name === null
      ? []
      : [{ path: ['name'], message: 'stands with scope ALL, which holds everything: leave it out' }]
  if (name === null || name.length < 1 || name.length > 200)
    return [{ path: ['name'], message: `is missing or longer than 200 characters: name the ${scope.toLowerCase()}` }]
  if (scope === 'QUEUE') return []
  const known = await readTaskTypeNames(engine.db, tenant)
  // The list is cut at a hundred.
  return known.includes(name) || known.length === 100
    ? []
    : [{ path: ['name'], message: `"${name}" is no task type; known are ${known.join(', ')}` }]
}
