import { appendEvents } from '../event/store/append-events.ts'
import { accepted, type InputIssue, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { takeIdempotencyKey } from '../task/store/idempotency.ts'
import { newUuid } from '../task/type-id.ts'
import { DEFAULT_MAX_PER_DAY, DEFAULT_MAX_PER_HOUR } from '../trigger/bounds.ts'
import { checkTrigger } from '../trigger/check-trigger.ts'
import { NO_STARTS } from '../trigger/starts.ts'
import { insertTrigger } from '../trigger/store/triggers.ts'
import type { TriggeredRun, TriggeredTask, TriggerState } from '../trigger/trigger-state.ts'
import type { Actor } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey, RollBack, refusalOf } from './idempotency.ts'
import { refusalOfTarget } from './plan-firings.ts'
import type { RunEngine } from './run-tools.ts'
import { transact } from './transact.ts'
import { triggerEvent } from './trigger-events.ts'

export interface CreateTrigger {
  readonly name: string
  readonly description?: string
  /** The whole key of the events that it takes, or how their keys begin: one of the two. */
  readonly key?: string
  readonly keyPrefix?: string
  /** CEL over `payload`, `key`, `sender`, `eventId` and `receivedAt`; any event when absent. */
  readonly condition?: string
  /** What each event starts: one of the two. */
  readonly task?: TriggeredTask
  readonly workflow?: TriggeredRun
  /** Time between two starts; 0 when absent. */
  readonly coolDownMs?: number
  /** Most starts in any hour; 1,000 when absent. */
  readonly maxPerHour?: number
  /** Most starts in any 24 hours; 10,000 when absent, or `maxPerHour` where that is more. */
  readonly maxPerDay?: number
}

/**
 * Makes a trigger. It takes events that are sent from then on.
 *
 * @returns its uuid
 */
export async function createTrigger(
  engine: RunEngine,
  actor: Actor,
  input: CreateTrigger & { readonly idempotencyKey?: string },
): Promise<Result<{ triggerId: string }>> {
  const { idempotencyKey, ...asked } = input
  const issues = [...checkIdempotencyKey(idempotencyKey), ...checkTrigger(asked, new Date()), ...missing(asked)]
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const id = newUuid()
  const outcome = await transact(engine, async (client): Promise<{ refusal: Refusal } | { triggerId: string }> => {
    if (idempotencyKey !== undefined) {
      const call = { tenant: actor.tenant, verb: 'createTrigger', key: idempotencyKey, bodyHash: bodyHashOf(asked) }
      const answer = await takeIdempotencyKey(client, call, [id])
      if (answer.kind === 'repeated') {
        return answer.isSameBody
          ? { triggerId: answer.taskIds[0]! }
          : { refusal: { code: 'IDEMPOTENCY_CONFLICT', key: idempotencyKey, taskIds: [] } }
      }
    }
    const state = newState(actor.tenant, id, asked)
    const refusal = await refusalOfTarget(client, engine.runs, state, new Date())
    if (refusal !== null) throw new RollBack(refusal)
    const { name, description = null } = asked
    await insertTrigger(client, { state, name, description, createdBy: actor.name })
    await appendEvents(client, [triggerEvent(state, actor.name, 'TriggerCreated', {})])
    return { triggerId: id }
  }).catch(refusalOf)
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  if (outcome.triggerId === id) engine.channel.publish('events')
  return accepted(outcome)
}

function missing({ key, keyPrefix, task, workflow }: CreateTrigger): InputIssue[] {
  const issues: InputIssue[] = []
  if (key === undefined && keyPrefix === undefined)
    issues.push({ path: ['key'], message: 'is absent, and so is keyPrefix; give one of the two' })
  if (task === undefined && workflow === undefined)
    issues.push({ path: ['task'], message: 'is absent, and so is a workflow; give one of the two' })
  return issues
}

function newState(tenant: string, id: string, asked: CreateTrigger): TriggerState {
  const { maxPerHour = DEFAULT_MAX_PER_HOUR } = asked
  return {
    tenant,
    id,
    status: 'ACTIVE',
    isDeleted: false,
    version: 1,
    key: asked.key ?? null,
    keyPrefix: asked.keyPrefix ?? null,
    condition: asked.condition ?? null,
    target: asked.task === undefined ? { workflow: asked.workflow! } : { task: asked.task },
    coolDownMs: asked.coolDownMs ?? 0,
    maxPerHour,
    maxPerDay: asked.maxPerDay ?? Math.max(DEFAULT_MAX_PER_DAY, maxPerHour),
    starts: NO_STARTS,
    lastStartedAt: null,
    counts: { started: 0, skipped: 0, failed: 0 },
  }
}
