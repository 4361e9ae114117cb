import { readWorkerState, type WorkerState, writeWorkerState } from '../worker/store/workers.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'
import { announceWorkers } from './worker-events.ts'

/**
 * Signs a worker off. Again, it changes nothing; one that is LOST stays so.
 *
 * @param id uuid
 * @returns the state that it is in now; null when there is no such worker
 */
export async function stopWorker(engine: Engine, { tenant, name }: Actor, id: string): Promise<WorkerState | null> {
  const isChanged = await transact(engine, async (client) =>
    announceWorkers(client, name, 'WorkerStopped', await writeWorkerState(client, tenant, id, 'STOPPED')),
  )
  if (isChanged) engine.channel.publish('events')
  return readWorkerState(engine.db, tenant, id)
}
