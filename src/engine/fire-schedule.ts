import type { ClientBase } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import { recordFires } from '../schedule/store/fires.ts'
import { lockSchedule } from '../schedule/store/schedules.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { takeIdempotencyKey } from '../task/store/idempotency.ts'
import { type Applied, ringBells } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey } from './idempotency.ts'
import { scheduleNotFound } from './schedule-events.ts'
import { planStarts, writeStarts } from './start-fires.ts'
import { transact } from './transact.ts'

export interface FireSchedule {
  /** uuid */
  readonly scheduleId: string
  /** The same key again answers with the task of the first time, for at least a day. */
  readonly idempotencyKey?: string
}

interface Fired {
  readonly scheduleId: string
  readonly taskId: string
}

const NOTHING_ELSE = { hasRevoked: false, hasUnsettled: false }

/**
 * Fires a schedule now, whatever its status, its due times and its rule for overlaps say. Its due times stay as they are.
 *
 * @returns the task that it started
 */
export async function fireSchedule(
  engine: Engine & { readonly schemas: SchemaCheck },
  actor: Actor,
  input: FireSchedule,
): Promise<Result<Fired>> {
  const { scheduleId, idempotencyKey } = input
  const issues = checkIdempotencyKey(idempotencyKey)
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const outcome = await transact(engine, (client) => fire(client, engine.schemas, actor, input))
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, outcome.applied)
  return accepted({ scheduleId, taskId: outcome.taskId })
}

async function fire(
  client: ClientBase,
  schemas: SchemaCheck,
  actor: Actor,
  { scheduleId, idempotencyKey }: FireSchedule,
): Promise<{ refusal: Refusal } | { taskId: string; applied: Applied }> {
  const locked = await lockSchedule(client, actor.tenant, scheduleId)
  if (locked === null) return { refusal: scheduleNotFound(scheduleId) }
  const { schedule, now } = locked
  const wanted = { schedule, dueAt: now, cause: 'HAND', backfillId: null } as const
  const starts = await planStarts(client, schemas, actor.tenant, [wanted])
  const { start, row } = starts[0]!
  if ('refusal' in start) return { refusal: start.refusal }
  const taskId = start.task.born.id
  if (idempotencyKey !== undefined) {
    const bodyHash = bodyHashOf({ scheduleId })
    const call = { tenant: actor.tenant, verb: 'fireSchedule', key: idempotencyKey, bodyHash }
    const answer = await takeIdempotencyKey(client, call, [taskId])
    if (answer.kind === 'repeated') {
      return answer.isSameBody
        ? { taskId: answer.taskIds[0]!, applied: { hasEvents: false, hasClaimable: false, ...NOTHING_ELSE } }
        : { refusal: { code: 'IDEMPOTENCY_CONFLICT', key: idempotencyKey, taskIds: answer.taskIds } }
    }
  }
  await recordFires(client, [row])
  const { events, hasClaimable, limits } = await writeStarts(client, actor, starts, now)
  await appendEvents(client, events)
  return { taskId, applied: { hasEvents: true, hasClaimable, limits, ...NOTHING_ELSE } }
}
