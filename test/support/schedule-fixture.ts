import { afterEach } from 'vitest'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { ACTOR } from './engine.ts'
import { type EngineFixture, engineFixture } from './engine-fixture.ts'
import { completing } from './verbs.ts'

/** What tests of schedules stand on; nothing of one is left for the next. */
export interface ScheduleFixture extends EngineFixture {
  /** The schedule. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read rows of any shape
  scheduleOf(id: string): Promise<any>
  /** Kinds of the schedule's events, the oldest first. */
  eventsOf(id: string): Promise<string[]>
  /** Of all tasks, the oldest first. */
  taskStatuses(): Promise<string[]>
  /** Claims all that is ready and ends it with success. */
  finishAll(): Promise<void>
}

export async function scheduleFixture(): Promise<ScheduleFixture> {
  const fixture = await engineFixture()
  const { database, engine, verbs, rowsOf } = fixture
  afterEach(async () => {
    for (const table of TABLES) await rowsOf(`DELETE FROM ${table}`)
  })
  return {
    ...fixture,
    async scheduleOf(id) {
      const { rows } = await database.pool.query('SELECT * FROM schedule WHERE id = $1', [id])
      return rows[0]
    },
    async eventsOf(id) {
      const { rows } = await database.pool.query('SELECT kind FROM event WHERE schedule_id = $1 ORDER BY id', [id])
      return rows.map(({ kind }) => kind)
    },
    async taskStatuses() {
      return (await rowsOf('SELECT status FROM task ORDER BY id')).map(({ status }) => status)
    },
    async finishAll() {
      const tasks = await verbs.claim()
      await endAttempts(
        engine,
        ACTOR,
        tasks.map((task) => completing(task)),
      )
    },
  }
}

const TABLES = [
  'schedule_fire',
  'backfill',
  'task',
  'run_inbox',
  'workflow_run',
  'schedule',
  'event',
  'idempotency_key',
]

const HOUR_MS = 3_600_000

/** The last full hour, or one so many hours ago. */
export function lastHour(ago = 0): Date {
  return new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - ago * HOUR_MS)
}
