import { afterEach } from 'vitest'
import { type EngineFixture, engineFixture } from './engine-fixture.ts'

/** What tests of triggers stand on; nothing of one is left for the next. */
export interface TriggerFixture extends EngineFixture {
  /** The trigger. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read rows of any shape
  triggerOf(id: string): Promise<any>
  /** Kinds of the trigger's events, the oldest first. */
  eventsOf(id: string): Promise<string[]>
}

export async function triggerFixture(): Promise<TriggerFixture> {
  const fixture = await engineFixture()
  const { database, rowsOf } = fixture
  afterEach(async () => {
    for (const table of TABLES) await rowsOf(`DELETE FROM "${table}"`)
  })
  return {
    ...fixture,
    async triggerOf(id) {
      const { rows } = await database.pool.query('SELECT * FROM "trigger" WHERE id = $1', [id])
      return rows[0]
    },
    async eventsOf(id) {
      const { rows } = await database.pool.query(
        `SELECT kind FROM event WHERE payload->>'triggerId' = $1 ORDER BY event.id`,
        [id],
      )
      return rows.map(({ kind }) => kind)
    },
  }
}

const TABLES = [
  'trigger_firing',
  'trigger',
  'received_event',
  'task',
  'run_inbox',
  'workflow_run',
  'event',
  'idempotency_key',
]
