import type { ClientBase } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import { hasStartedRun, recordFires } from '../schedule/store/fires.ts'
import { lockSchedule } from '../schedule/store/schedules.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { takeIdempotencyKey } from '../task/store/idempotency.ts'
import { type Applied, ringBells } from './apply.ts'
import type { Actor } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey, RollBack, refusalOf } from './idempotency.ts'
import { planStarts } from './plan-fires.ts'
import type { RunEngine, RunTools } from './run-tools.ts'
import { scheduleNotFound } from './schedule-events.ts'
import { takeFireTurns, writeStarts } from './start-fires.ts'
import { ringRuns } from './step-runs.ts'
import { transact } from './transact.ts'

export interface FireSchedule {
  /** uuid */
  readonly scheduleId: string
  /** The same key again answers with what was started the first time, for at least a day. */
  readonly idempotencyKey?: string
}

/** What it started, by its uuid: one of the two. */
export interface Started {
  readonly taskId: string | null
  readonly runId: string | null
}

type Outcome =
  | { readonly refusal: Refusal }
  | { readonly started: Started; readonly applied: Applied; readonly hasRuns: boolean }

const NOTHING_ELSE = { hasRevoked: false, hasUnsettled: false }

/**
 * Fires a schedule now, whatever its status, its due times and its rule for overlaps say. Its due times stay as they are.
 *
 * @returns what it started
 */
export async function fireSchedule(
  engine: RunEngine,
  actor: Actor,
  input: FireSchedule,
): Promise<Result<Started & { scheduleId: string }>> {
  const { scheduleId, idempotencyKey } = input
  const issues = checkIdempotencyKey(idempotencyKey)
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const outcome = await transact(engine, (client) => fire(client, engine.runs, actor, input)).catch(refusalOf)
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, outcome.applied)
  ringRuns(engine, { hasMore: outcome.hasRuns })
  return accepted({ scheduleId, ...outcome.started })
}

async function fire(
  client: ClientBase,
  tools: RunTools,
  actor: Actor,
  { scheduleId, idempotencyKey }: FireSchedule,
): Promise<Outcome> {
  const { tenant } = actor
  const locked = await lockSchedule(client, tenant, scheduleId)
  if (locked === null) return { refusal: scheduleNotFound(scheduleId) }
  const { schedule, now } = locked
  const wanted = { schedule, dueAt: now, cause: 'HAND', backfillId: null } as const
  const planned = await planStarts(client, tools, tenant, [wanted], now)
  const { start, row } = planned[0]!
  if ('refusal' in start) return { refusal: start.refusal }
  if (idempotencyKey !== undefined) {
    const bodyHash = bodyHashOf({ scheduleId })
    const call = { tenant, verb: 'fireSchedule', key: idempotencyKey, bodyHash }
    const answer = await takeIdempotencyKey(client, call, [row.taskId ?? row.runId!])
    if (answer.kind === 'repeated') return repeated(client, tenant, idempotencyKey, answer)
  }
  await recordFires(client, [row])
  const starts = await takeFireTurns(client, tenant, planned)
  const turned = starts[0]!.start
  if ('refusal' in turned) throw new RollBack(turned.refusal)
  const { events, hasClaimable, hasRuns, limits } = await writeStarts(client, actor, starts, now)
  await appendEvents(client, events)
  const { taskId, runId } = row
  return { started: { taskId, runId }, hasRuns, applied: { hasEvents: true, hasClaimable, limits, ...NOTHING_ELSE } }
}

/** The schedule may start something else by now than it did the first time. */
async function repeated(
  client: ClientBase,
  tenant: string,
  key: string,
  { isSameBody, taskIds: [id] }: { readonly isSameBody: boolean; readonly taskIds: readonly string[] },
): Promise<Outcome> {
  const isRun = await hasStartedRun(client, tenant, id!)
  const started = isRun ? { taskId: null, runId: id! } : { taskId: id!, runId: null }
  if (!isSameBody) {
    return { refusal: { code: 'IDEMPOTENCY_CONFLICT', key, taskIds: isRun ? [] : [id!], ...(isRun && { runId: id! }) } }
  }
  return { started, hasRuns: false, applied: { hasEvents: false, hasClaimable: false, ...NOTHING_ELSE } }
}
