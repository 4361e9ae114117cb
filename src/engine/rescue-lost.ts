import type { ClientBase } from 'pg'
import { lockTasks } from '../task/store/lock-tasks.ts'
import { transition } from '../task/transition.ts'
import { readOrphans } from '../worker/store/leases.ts'
import { markSilentWorkers } from '../worker/store/workers.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import type { Decision } from './decision.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'
import { announceWorkers } from './worker-events.ts'

/** Most tasks that one transaction takes back. */
const BATCH = 500

/**
 * Takes tasks back from workers that are silent for longer than their lease, or stopped without ending them. What such
 * a worker still reports is refused, because the next claim raises the epoch.
 *
 * @returns how many tasks went back to the queue, or failed after too many losses
 */
export async function rescueLost(engine: Engine): Promise<number> {
  const hasLost = await transact(engine, async (client) =>
    announceWorkers(client, null, 'WorkerLost', await markSilentWorkers(client)),
  )
  if (hasLost) engine.channel.publish('events')
  let total = 0
  for (;;) {
    const rescued = await transact(engine, (client) => rescueBatch(client))
    if (rescued === null) return total
    ringBells(engine, rescued)
    total += rescued.count
  }
}

async function rescueBatch(client: ClientBase): Promise<(Applied & { count: number }) | null> {
  const orphans = await readOrphans(client, BATCH)
  const tenant = orphans[0]?.tenant
  if (tenant === undefined) return null
  const epochs = new Map(
    orphans.flatMap((orphan) => (orphan.tenant === tenant ? [[orphan.id, orphan.epoch] as const] : [])),
  )
  const { tasks, now } = await lockTasks(client, tenant, [...epochs.keys()])
  const decisions = [...tasks.values()].flatMap((before): Decision[] => {
    const command = { kind: 'lose', epoch: epochs.get(before.id)! } as const
    const decided = transition(before, command, now, Math.random())
    return decided.kind === 'refused' ? [] : [{ before, transition: decided }]
  })
  if (decisions.length === 0) return null
  return { ...(await applyDecisions(client, null, now, decisions)), count: decisions.length }
}
