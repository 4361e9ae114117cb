import type { ClientBase } from 'pg'
import { lockDueTasks } from '../task/store/due-tasks.ts'
import { transition } from '../task/transition.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import type { Decision } from './decision.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

/** Most tasks that one transaction moves, so that none of them is held long. */
const BATCH = 500

/**
 * Moves every task whose time has come: starts the scheduled, ends back-offs and parks, cuts off what is over its time.
 * Any number of schedulers may do so at once; each task is moved by one of them.
 *
 * @returns how many tasks were due
 */
export async function wakeDue(engine: Engine): Promise<number> {
  let total = 0
  for (;;) {
    const applied = await transact(engine, (client) => wakeBatch(client))
    if (applied === null) return total
    ringBells(engine, applied)
    total += applied.moved
  }
}

async function wakeBatch(client: ClientBase): Promise<(Applied & { moved: number }) | null> {
  const { tasks, now } = await lockDueTasks(client, BATCH)
  // One tenant at a time: events come last, after the locks of all that follows.
  const decisions = tasks.flatMap((before): Decision[] => {
    if (before.tenant !== tasks[0]!.tenant) return []
    const decided = transition(before, { kind: 'wake' }, now, Math.random())
    return decided.kind === 'moved' ? [{ before, transition: decided }] : []
  })
  if (decisions.length === 0) return null
  return { ...(await applyDecisions(client, null, now, decisions)), moved: decisions.length }
}
