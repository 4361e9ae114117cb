import type { ClientBase } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import type { JsonValue } from '../task/json.ts'
import { accepted, type InputIssue, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { takeIdempotencyKey } from '../task/store/idempotency.ts'
import { newUuid } from '../task/type-id.ts'
import { counted } from '../trigger/bounds.ts'
import { judgeEvent } from '../trigger/judge-event.ts'
import { insertHandFiring } from '../trigger/store/firings.ts'
import { lockTrigger, writeFired } from '../trigger/store/triggers.ts'
import { takesKey } from '../trigger/takes-key.ts'
import type { TriggerState } from '../trigger/trigger-state.ts'
import { checkEvent } from '../wait/check-event.ts'
import { type Applied, ringBells } from './apply.ts'
import type { Actor } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey } from './idempotency.ts'
import { planFirings } from './plan-firings.ts'
import type { RunEngine, RunTools } from './run-tools.ts'
import { ringRuns } from './step-runs.ts'
import { transact } from './transact.ts'
import { triggerNotFound } from './trigger-events.ts'
import { takeFiringTurns, writeFirings } from './write-firings.ts'

export interface FireTrigger {
  /** uuid */
  readonly triggerId: string
  /** The key of the example; the trigger's own, or its prefix, when absent. */
  readonly key?: string
  /** Default: null. */
  readonly payload?: JsonValue
  /** The same key again answers with the firing of the first time, for at least a day. */
  readonly idempotencyKey?: string
}

type Outcome =
  | { readonly refusal: Refusal }
  | { readonly firingId: string; readonly applied: Applied; readonly hasRuns: boolean }

/**
 * Fires a trigger now for an event that is made up: what an event like it would start is started, whatever the trigger's status,
 * cool-down and caps say, and counts against none of them. The event itself answers no wait and fires no other trigger.
 *
 * @returns the firing, which says what came of it: also a condition that does not hold, or what was refused
 */
export async function fireTrigger(
  engine: RunEngine,
  actor: Actor,
  input: FireTrigger,
): Promise<Result<{ triggerId: string; firingId: string }>> {
  const { triggerId, idempotencyKey, key, payload = null } = input
  const { issues } = checkEvent({ key: key ?? 'key', payload })
  const all = [...checkIdempotencyKey(idempotencyKey), ...issues]
  if (all.length > 0) return refusedWith({ code: 'VALIDATION', issues: all })
  const outcome = await transact(engine, (client) => fire(client, engine.runs, actor, input))
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, outcome.applied)
  ringRuns(engine, { hasMore: outcome.hasRuns })
  return accepted({ triggerId, firingId: outcome.firingId })
}

const NOTHING_ELSE = { hasRevoked: false, hasUnsettled: false }

async function fire(client: ClientBase, tools: RunTools, actor: Actor, asked: FireTrigger): Promise<Outcome> {
  const { tenant } = actor
  const { triggerId, idempotencyKey, payload = null } = asked
  const locked = await lockTrigger(client, tenant, triggerId)
  if (locked === null) return { refusal: triggerNotFound(triggerId) }
  const { trigger, now } = locked
  const key = asked.key ?? trigger.key ?? trigger.keyPrefix!
  if (!takesKey(trigger, key)) return { refusal: { code: 'VALIDATION', issues: [notTaken(trigger)] } }
  const id = newUuid()
  if (idempotencyKey !== undefined) {
    const call = { tenant, verb: 'fireTrigger', key: idempotencyKey, bodyHash: bodyHashOf({ triggerId, key, payload }) }
    const answer = await takeIdempotencyKey(client, call, [id])
    if (answer.kind === 'repeated') return repeated(idempotencyKey, answer)
  }
  const event = { id: null, key, payload, sender: actor.name, receivedAt: now }
  const judged = judgeEvent(trigger, event, now)
  const planned = await planFirings(client, tools, tenant, [{ id, trigger, event, judged }], now)
  const turned = await takeFiringTurns(client, tenant, planned)
  const { settled, events, hasClaimable, hasRuns, limits } = await writeFirings(client, actor, actor.name, turned, now)
  await insertHandFiring(client, { tenant, triggerId, example: { key, payload }, settled: settled[0]! })
  await writeFired(client, [{ ...trigger, counts: counted(trigger.counts, [settled[0]!.status]) }])
  await appendEvents(client, events)
  const applied = { hasEvents: events.length > 0, hasClaimable, limits, ...NOTHING_ELSE }
  return { firingId: id, hasRuns, applied }
}

function notTaken({ key, keyPrefix }: TriggerState): InputIssue {
  const wanted = key === null ? `keys that begin with "${keyPrefix}"` : `the key "${key}"`
  return { path: ['key'], message: `is none that the trigger takes: it is for ${wanted}` }
}

function repeated(
  key: string,
  { isSameBody, taskIds: [firingId] }: { readonly isSameBody: boolean; readonly taskIds: readonly string[] },
): Outcome {
  if (!isSameBody) return { refusal: { code: 'IDEMPOTENCY_CONFLICT', key, taskIds: [] } }
  return { firingId: firingId!, hasRuns: false, applied: { hasEvents: false, hasClaimable: false, ...NOTHING_ELSE } }
}
