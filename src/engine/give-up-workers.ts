import { markGoneWorkers } from '../worker/store/workers.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'
import { announceWorkers } from './worker-events.ts'

/** Takes workers for LOST whose processes are known to be gone: they need not run out their leases. */
export async function giveUpWorkers(
  engine: Engine,
  workers: readonly { readonly tenant: string; readonly id: string }[],
): Promise<void> {
  if (workers.length === 0) return
  const isChanged = await transact(engine, async (client) =>
    announceWorkers(client, null, 'WorkerLost', await markGoneWorkers(client, workers)),
  )
  if (isChanged) engine.channel.publish('events')
}
