import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import type { Refusal } from '../task/refusal.ts'
import type { Engine } from './engine.ts'
import { refusalOf } from './idempotency.ts'
import { transact } from './transact.ts'

/**
 * Does something to one thing in one transaction; the events that `work` answers with come last. None mean that nothing was to be done.
 *
 * @param work throws RollBack to refuse
 * @returns why it was refused, null when it was not
 */
export async function commandOne(
  engine: Engine,
  work: (client: ClientBase) => Promise<readonly NewEvent[]>,
): Promise<Refusal | null> {
  const outcome = await transact(engine, async (client) => {
    const events = await work(client)
    await appendEvents(client, events)
    return { hasEvents: events.length > 0 }
  }).catch(refusalOf)
  if ('refusal' in outcome) return outcome.refusal
  if (outcome.hasEvents) engine.channel.publish('events')
  return null
}
