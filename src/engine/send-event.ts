import type { ClientBase } from 'pg'
import type { JsonValue } from '../task/json.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { newUuid } from '../task/type-id.ts'
import { countFiringsOfEvents, handToTriggers } from '../trigger/store/firings.ts'
import { findTriggersOf } from '../trigger/store/triggers.ts'
import { checkEvent, type NewEventFromOutside } from '../wait/check-event.ts'
import { shareKey } from '../wait/store/lock-keys.ts'
import {
  type EventResult,
  findByDedupId,
  insertReceivedEvent,
  type ReceivedEvent,
  writeToldSteps,
} from '../wait/store/received-events.ts'
import { tellWaitingSteps } from '../workflow/store/step-waits.ts'
import { answerWaits, goOnAnswering, NOTHING_YET, ringAnswered, type WaitsAnswered } from './answer-waits.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

/** What came of sending an event. */
export interface EventSent extends EventResult {
  /** uuid of the event, the earlier one's when it was sent before */
  readonly eventId: string
  /** Triggers that it was handed to; what these do with it, schedulers see. */
  readonly triggered: number
  /** Whether an event with its id had been sent before: nothing was done again. */
  readonly isRepeat: boolean
}

type Outcome =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'sent'; readonly sent: EventSent; readonly answered: WaitsAnswered | null }

/**
 * Takes an event from outside and answers every open wait for its key that it matches, in one transaction up to 10,000 waits; what
 * is left is answered in transactions that follow, by this call or, when it dies, by the scheduler. Steps of runs that wait for its key are
 * told in the first, and it is handed to the triggers that take its key. Nobody need wait for it.
 *
 * A wait whose condition cannot be judged stays open; its task's log and the answer say so.
 *
 * @returns what came of it; of an event that was sent before with the same id, what came of that
 */
export async function sendEvent(engine: Engine, actor: Actor, input: NewEventFromOutside): Promise<Result<EventSent>> {
  const { issues, payloadText } = checkEvent(input)
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const { tenant, name: sender } = actor
  const { key, payload = null, id: dedupId = null } = input
  const outcome = await transact(engine, (client) =>
    send(client, { tenant, id: newUuid(), key, payloadText, dedupId, sender }, payload),
  )
  if (outcome.kind === 'refused') return refusedWith(outcome.refusal)
  const { sent, answered } = outcome
  if (answered === null) return accepted(sent)
  ringAnswered(engine, answered)
  if (sent.toldSteps > 0) engine.channel.publish('runs')
  if (sent.triggered > 0) engine.channel.publish('triggers')
  const event = { tenant, id: sent.eventId }
  let result: EventResult = answered.result
  for (let isOver = answered.isOver; !isOver; ) {
    const more = await transact(engine, (client) => goOnAnswering(client, event))
    // A scheduler has it, or has finished it.
    if (more === null) break
    ringAnswered(engine, more)
    result = more.result
    isOver = more.isOver
  }
  return accepted({ ...sent, ...result })
}

async function send(client: ClientBase, event: ReceivedEvent, payload: JsonValue): Promise<Outcome> {
  const [, isNew, triggerIds] = await Promise.all([
    shareKey(client, event.tenant, event.key),
    insertReceivedEvent(client, event),
    findTriggersOf(client, event.tenant, event.key),
  ])
  if (!isNew) return repeatOf(client, event)
  const firings = triggerIds.map((triggerId) => ({ id: newUuid(), triggerId }))
  if (firings.length > 0) await handToTriggers(client, event, firings)
  const toldSteps = await tellWaitingSteps(client, event.tenant, { key: event.key, payload })
  if (toldSteps > 0) await writeToldSteps(client, event, toldSteps)
  const result = { ...NOTHING_YET, toldSteps }
  const answered = await answerWaits(client, { ...event, payload, openSince: null, after: null, result })
  const triggered = firings.length
  return { kind: 'sent', sent: { eventId: event.id, isRepeat: false, triggered, ...answered.result }, answered }
}

async function repeatOf(client: ClientBase, event: ReceivedEvent): Promise<Outcome> {
  const earlier = await findByDedupId(client, event)
  if (earlier === null) throw new Error('The earlier event was deleted this moment; send it again')
  const { id: eventId, isSame, ...result } = earlier
  if (!isSame) return { kind: 'refused', refusal: { code: 'EVENT_ID_CONFLICT', id: event.dedupId!, eventId } }
  const triggered = (await countFiringsOfEvents(client, event.tenant, [eventId])).get(eventId) ?? 0
  return { kind: 'sent', sent: { eventId, isRepeat: true, triggered, ...result }, answered: null }
}
