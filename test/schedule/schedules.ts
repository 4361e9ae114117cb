import type { Pool } from 'pg'
import { type CreateSchedule, createSchedule } from '../../src/engine/create-schedule.ts'
import { ACTOR, type TestEngine } from '../support/engine.ts'

/** A timing that is due each second, in UTC. */
export const EACH_SECOND = {
  kind: 'interval',
  everyMs: 1_000,
  anchor: '2020-01-01T00:00:00.000Z',
  timeZone: 'UTC',
} as const
export const EACH_HOUR = { ...EACH_SECOND, everyMs: 3_600_000 }

/** Makes a schedule or throws; answers with its uuid. */
export async function addSchedule(engine: TestEngine, asked: Partial<CreateSchedule> = {}): Promise<string> {
  const target = asked.workflow === undefined ? { task: { name: 'made', type: 'work' } } : {}
  const whole = { name: 'each hour', timing: EACH_HOUR, ...target, ...asked }
  const made = await createSchedule(engine, ACTOR, whole)
  if (!made.ok) throw new Error(JSON.stringify(made.refusal))
  return made.value.scheduleId
}

/** Lets a schedule's next due time be one of the past: as if no scheduler had run since. */
export async function sleepSince(db: Pool, id: string, dueAt: Date): Promise<void> {
  await db.query('UPDATE schedule SET next_fire_at = $2, wake_at = $2 WHERE id = $1', [id, dueAt])
}

/** Makes a schedule due at this moment, and hourly from then on. */
export async function dueNow(db: Pool, id: string): Promise<Date> {
  const due = new Date(Date.now() - 5)
  await db.query(
    `UPDATE schedule SET timing = jsonb_set(timing, '{anchor}', to_jsonb($3::text)), next_fire_at = $2, wake_at = $2 WHERE id = $1`,
    [id, due, due.toISOString()],
  )
  return due
}

export interface Fire {
  readonly dueAt: Date
  readonly cause: string
  readonly status: string
  readonly taskId: string | null
  readonly runId: string | null
  readonly error: { readonly code: string } | null
}

export async function firesOfSchedule(db: Pool, id: string): Promise<Fire[]> {
  const { rows } = await db.query(
    'SELECT due_at AS "dueAt", cause, status, task_id AS "taskId", run_id AS "runId", error FROM schedule_fire WHERE schedule_id = $1 ORDER BY due_at',
    [id],
  )
  return rows
}
