import { accepted, type Result, refusedWith } from '../task/refusal.ts'
import { readWorkerState, type WorkerState, writeWorkerState } from '../worker/store/workers.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'
import { announceWorkers } from './worker-events.ts'

/**
 * Tells a worker to finish what it holds and to claim no more. Draining it again changes nothing; one that is LOST or STOPPED
 * stays so.
 *
 * @param id uuid
 * @returns the state that it is in now
 */
export async function drainWorker(engine: Engine, { tenant, name }: Actor, id: string): Promise<Result<WorkerState>> {
  const before = await readWorkerState(engine.db, tenant, id)
  if (before === null) return refusedWith({ code: 'NOT_FOUND', what: 'worker', id, path: ['id'] })
  if (before !== 'ACTIVE') return accepted(before)
  const isChanged = await transact(engine, async (client) =>
    announceWorkers(client, name, 'WorkerDraining', await writeWorkerState(client, tenant, id, 'DRAINING')),
  )
  if (isChanged) engine.channel.publish('events')
  // Its claims and heartbeats that wait look again, and find that it drains.
  engine.channel.publish('claimable')
  engine.channel.publish('revoked')
  return accepted((await readWorkerState(engine.db, tenant, id)) ?? 'STOPPED')
}
