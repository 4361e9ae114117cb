import { beforeEach } from 'vitest'
import { type Admitted, admitTasks } from '../../src/engine/admit-tasks.ts'
import { type EngineFixture, engineFixture } from './engine-fixture.ts'

/** What tests of rates stand on; nothing of one is left for the next. */
export interface RateFixture extends EngineFixture {
  /** One look of the scheduler at keys: at the type `work`, unless it is given some. */
  admit(...keys: string[]): Promise<Admitted>
  /** How many it lets through. */
  admitted(...keys: string[]): Promise<number>
  /** When attempts began, by the database's clock, in milliseconds. */
  starts(): Promise<number[]>
  /** As if so much time had passed since everything that has happened to tokens. */
  letPass(ms: number): Promise<void>
}

export async function rateFixture(): Promise<RateFixture> {
  const fixture = await engineFixture({ size: 16 })
  const { engine, rowsOf } = fixture
  beforeEach(async () => {
    for (const table of TABLES) await rowsOf(`DELETE FROM "${table}"`)
  })
  const admit = (...keys: string[]) => admitTasks(engine, 'default', keys.length === 0 ? ['type:work'] : keys)
  return {
    ...fixture,
    admit,
    admitted: async (...keys) => (await admit(...keys)).count,
    async starts() {
      const rows = await rowsOf('SELECT (extract(epoch FROM started_at) * 1000)::float8 AS ms FROM attempt')
      return rows.map(({ ms }) => ms)
    },
    async letPass(ms) {
      const by = `- ${ms} * interval '1 millisecond'`
      await rowsOf(`UPDATE rate_bucket SET as_of = as_of ${by}`)
      await rowsOf(`UPDATE rate_grant SET granted_at = granted_at ${by}`)
      await rowsOf(`UPDATE attempt_record SET started_at = started_at ${by}`)
      await rowsOf(`UPDATE task SET claimed_at = claimed_at ${by}`)
    },
  }
}

const TABLES = [
  'schedule_fire',
  'task',
  'attempt_record',
  'schedule',
  'limit_slot',
  'event',
  'pool',
  'rate_limit',
  'rate_bucket',
  'rate_grant',
]

/** So many tasks that ask for nothing. */
export function plain(count: number): object[] {
  return Array.from({ length: count }, () => ({}))
}
