import type { ClientBase } from 'pg'
import type { NewWorkerEvent, WorkerEventKind, WorkerEventPayloads } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import type { JsonValue } from '../task/json.ts'
import type { ChangedWorker } from '../worker/store/workers.ts'

/**
 * A fact about a worker.
 *
 * @param actor who caused it, null when the system did
 */
export function workerEvent<Kind extends WorkerEventKind>(
  tenant: string,
  actor: string | null,
  kind: Kind,
  payload: WorkerEventPayloads[Kind],
): NewWorkerEvent {
  return { tenant, actor, kind, version: null, payload: payload as unknown as JsonValue }
}

/**
 * Announces workers whose state the caller's transaction has just changed; comes last in it.
 *
 * @returns whether there was anything to announce: ring `events` after the commit then
 */
export async function announceWorkers(
  client: ClientBase,
  actor: string | null,
  kind: Exclude<WorkerEventKind, 'WorkerRegistered'>,
  workers: readonly ChangedWorker[],
): Promise<boolean> {
  await appendEvents(
    client,
    workers.map(({ tenant, id, name }) => workerEvent(tenant, actor, kind, { workerId: id, name })),
  )
  return workers.length > 0
}
