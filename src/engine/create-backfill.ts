import type { ClientBase } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import { countFires, firesOf } from '../schedule/fires.ts'
import { insertBackfill } from '../schedule/store/backfills.ts'
import { lockSchedule } from '../schedule/store/schedules.ts'
import { accepted, type InputIssue, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { takeIdempotencyKey } from '../task/store/idempotency.ts'
import { newUuid } from '../task/type-id.ts'
import { ringBells } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey } from './idempotency.ts'
import { scheduleEvent, scheduleNotFound } from './schedule-events.ts'
import { transact } from './transact.ts'

/** Most due times of one backfill. */
const MAX_DUES = 10_000

export interface CreateBackfill {
  /** uuid */
  readonly scheduleId: string
  /** The first due time that is wanted, at the earliest. */
  readonly from: Date
  /** The last that is wanted, at the latest; not in the future. */
  readonly until: Date
  /** Most of its tasks that have not ended at any time, 1 to 1,000; 1 when absent. */
  readonly maxAtOnce?: number
  readonly idempotencyKey?: string
}

/**
 * Asks for the due times of a range of the past. Those that have started a task already are passed over, so that no due time starts
 * two. It takes the timing as it is now, and the task as it is when each is started.
 *
 * @returns the uuid of the backfill, which the schedulers carry out
 */
export async function createBackfill(
  engine: Engine,
  actor: Actor,
  input: CreateBackfill,
): Promise<Result<{ backfillId: string; scheduleId: string }>> {
  const issues = [...checkIdempotencyKey(input.idempotencyKey), ...checkRange(input)]
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const id = newUuid()
  const outcome = await transact(engine, (client) => create(client, actor, input, id))
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, {
    hasEvents: outcome.backfillId === id,
    hasClaimable: false,
    hasRevoked: false,
    hasUnsettled: false,
  })
  return accepted({ backfillId: outcome.backfillId, scheduleId: input.scheduleId })
}

function checkRange({ from, until, maxAtOnce }: CreateBackfill): InputIssue[] {
  const issues: InputIssue[] = []
  if (until < from) {
    issues.push({ path: ['until'], message: `is before \`from\`: ${until.toISOString()} < ${from.toISOString()}` })
  }
  if (maxAtOnce !== undefined && (!Number.isInteger(maxAtOnce) || maxAtOnce < 1 || maxAtOnce > 1_000)) {
    issues.push({ path: ['maxAtOnce'], message: `is ${maxAtOnce}; give 1 to 1000` })
  }
  return issues
}

async function create(
  client: ClientBase,
  actor: Actor,
  { idempotencyKey, ...asked }: CreateBackfill,
  id: string,
): Promise<{ refusal: Refusal } | { backfillId: string }> {
  const { scheduleId, from, until, maxAtOnce = 1 } = asked
  const locked = await lockSchedule(client, actor.tenant, scheduleId)
  if (locked === null) return { refusal: scheduleNotFound(scheduleId, ['scheduleId']) }
  const { schedule, now } = locked
  const total = countFires(firesOf(schedule.timing), from.getTime() - 1, until.getTime(), MAX_DUES + 1)
  const issue = until > now ? 'is in the future; end at a time that has passed' : countIssue(total)
  if (issue !== null) return { refusal: { code: 'VALIDATION', issues: [{ path: ['until'], message: issue }] } }
  if (idempotencyKey !== undefined) {
    const bodyHash = bodyHashOf({ ...asked, from: from.toISOString(), until: until.toISOString() })
    const call = { tenant: actor.tenant, verb: 'createBackfill', key: idempotencyKey, bodyHash }
    const answer = await takeIdempotencyKey(client, call, [id])
    if (answer.kind === 'repeated') {
      return answer.isSameBody
        ? { backfillId: answer.taskIds[0]! }
        : { refusal: { code: 'IDEMPOTENCY_CONFLICT', key: idempotencyKey, taskIds: [] } }
    }
  }
  const range = { fromAt: from, untilAt: until, reachedAt: new Date(from.getTime() - 1) }
  const counts = { total, started: 0, skipped: 0, failed: 0, running: 0 }
  const { tenant, timing } = schedule
  await insertBackfill(
    client,
    {
      tenant,
      id,
      scheduleId,
      status: 'RUNNING',
      timing,
      maxAtOnce,
      ...range,
      ...counts,
      wakeAt: now,
      finishedAt: null,
    },
    { createdAt: now, createdBy: actor.name },
  )
  await appendEvents(client, [scheduleEvent(schedule, actor.name, 'BackfillStarted', { backfillId: id, total })])
  return { backfillId: id }
}

function countIssue(total: number): string | null {
  if (total === 0) return 'leaves a range in which the schedule has no due time; widen it'
  return total > MAX_DUES ? `leaves more than ${MAX_DUES} due times; ask for several shorter ranges` : null
}
