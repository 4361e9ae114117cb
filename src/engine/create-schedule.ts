import { appendEvents } from '../event/store/append-events.ts'
import { checkSchedule } from '../schedule/check-schedule.ts'
import { firesOf } from '../schedule/fires.ts'
import { wakeTimeOf } from '../schedule/plan-turn.ts'
import type {
  MissedPolicy,
  OverlapPolicy,
  RunTemplate,
  ScheduleState,
  TaskTemplate,
} from '../schedule/schedule-state.ts'
import { insertSchedule } from '../schedule/store/schedules.ts'
import type { Timing } from '../schedule/timing.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { takeIdempotencyKey } from '../task/store/idempotency.ts'
import { newUuid } from '../task/type-id.ts'
import type { Actor } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey, RollBack, refusalOf } from './idempotency.ts'
import { refusalOfStart } from './plan-fires.ts'
import type { RunEngine } from './run-tools.ts'
import { scheduleEvent } from './schedule-events.ts'
import { transact } from './transact.ts'

export interface CreateSchedule {
  readonly name: string
  readonly description?: string
  readonly timing: Timing
  /** Each fire acts up to so much later, by its own share; 0 when absent. */
  readonly jitterMs?: number
  /** ONCE when absent. */
  readonly missedPolicy?: MissedPolicy
  /** Most missed due times that ALL makes up for; 100 when absent. */
  readonly missedCap?: number
  /** SKIP when absent. */
  readonly overlapPolicy?: OverlapPolicy
  /** What each fire starts: one of the two. */
  readonly task?: TaskTemplate
  readonly workflow?: RunTemplate
}

/**
 * Makes a schedule. It first fires at its first due time after now.
 *
 * @returns its uuid
 */
export async function createSchedule(
  engine: RunEngine,
  actor: Actor,
  input: CreateSchedule & { readonly idempotencyKey?: string },
): Promise<Result<{ scheduleId: string }>> {
  const { idempotencyKey, ...asked } = input
  const issues = [...checkIdempotencyKey(idempotencyKey), ...checkSchedule(asked, new Date())]
  if (asked.task === undefined && asked.workflow === undefined)
    issues.push({ path: ['task'], message: 'is absent, and so is a workflow; give one of the two' })
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const id = newUuid()
  const outcome = await transact(engine, async (client): Promise<{ refusal: Refusal } | { scheduleId: string }> => {
    if (idempotencyKey !== undefined) {
      const call = { tenant: actor.tenant, verb: 'createSchedule', key: idempotencyKey, bodyHash: bodyHashOf(asked) }
      const answer = await takeIdempotencyKey(client, call, [id])
      if (answer.kind === 'repeated') {
        return answer.isSameBody
          ? { scheduleId: answer.taskIds[0]! }
          : { refusal: { code: 'IDEMPOTENCY_CONFLICT', key: idempotencyKey, taskIds: [] } }
      }
    }
    const now = await clockOf(client)
    const state = newState(actor.tenant, id, asked, now)
    const refusal = await refusalOfStart(client, engine.runs, state, now)
    if (refusal !== null) throw new RollBack(refusal)
    const { name, description = null } = asked
    await insertSchedule(client, { state, name, description, createdAt: now, createdBy: actor.name })
    await appendEvents(client, [scheduleEvent(state, actor.name, 'ScheduleCreated', null)])
    return { scheduleId: id }
  }).catch(refusalOf)
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  if (outcome.scheduleId === id) engine.channel.publish('events')
  return accepted(outcome)
}

async function clockOf(client: { query: (sql: string) => Promise<{ rows: { now: Date }[] }> }): Promise<Date> {
  const { rows } = await client.query(`SELECT date_trunc('milliseconds', clock_timestamp()) AS "now"`)
  return rows[0]!.now
}

function newState(tenant: string, id: string, asked: CreateSchedule, now: Date): ScheduleState {
  const next = firesOf(asked.timing).after(now.getTime())
  const state: ScheduleState = {
    tenant,
    id,
    // Its last due time may have passed since it was checked.
    status: next === null ? 'ENDED' : 'ACTIVE',
    version: 1,
    timing: asked.timing,
    jitterMs: asked.jitterMs ?? 0,
    missedPolicy: asked.missedPolicy ?? 'ONCE',
    missedCap: asked.missedCap ?? 100,
    overlapPolicy: asked.overlapPolicy ?? 'SKIP',
    target: asked.task === undefined ? { workflow: asked.workflow! } : { task: asked.task },
    nextFireAt: next === null ? null : new Date(next),
    wakeAt: null,
    queued: 0,
  }
  return { ...state, wakeAt: wakeTimeOf(state, now) }
}
