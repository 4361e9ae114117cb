import type { ClientBase } from 'pg'
import { lockTasks } from '../task/store/lock-tasks.ts'
import { transition } from '../task/transition.ts'
import { readUnheld } from '../worker/store/leases.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import type { Decision } from './decision.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

export interface ReturnUnheld {
  /** uuid */
  readonly workerId: string
  /** The leases that the worker knows of: it runs them, or has yet to write how they ended. */
  readonly held: readonly { readonly taskId: string; readonly epoch: number }[]
  /** Leaves out what was leased later: the answer may be under way. */
  readonly claimedBefore?: Date
}

/**
 * Gives back the tasks that a worker was leased without learning of it, because the connection broke before the answer
 * to its claim came. They would otherwise sit with it until their attempt times out. Ask only when no claim is under way, or with
 * a time before which all claims were answered.
 *
 * @returns how many tasks went back to the queue
 */
export async function returnUnheld(engine: Engine, actor: Actor, input: ReturnUnheld): Promise<number> {
  const returned = await transact(engine, (client) => returnThem(client, actor, input))
  if (returned === null) return 0
  // Nobody runs them, so there is no handler to stop.
  ringBells(engine, { ...returned, hasRevoked: false })
  return returned.count
}

async function returnThem(
  client: ClientBase,
  actor: Actor,
  { workerId, held, claimedBefore }: ReturnUnheld,
): Promise<(Applied & { count: number }) | null> {
  const unheld = await readUnheld(client, actor.tenant, workerId, held, claimedBefore)
  const { tasks, now } = await lockTasks(
    client,
    actor.tenant,
    unheld.map(({ id }) => id),
  )
  const decisions = unheld.flatMap(({ id, epoch }): Decision[] => {
    const before = tasks.get(id)
    const decided =
      before &&
      transition(
        before,
        { kind: 'release', epoch, reason: 'the claim was not answered', delayMs: 0 },
        now,
        Math.random(),
      )
    return before === undefined || decided === undefined || decided.kind === 'refused'
      ? []
      : [{ before, transition: decided }]
  })
  if (decisions.length === 0) return null
  return { ...(await applyDecisions(client, actor.name, now, decisions)), count: decisions.length }
}
