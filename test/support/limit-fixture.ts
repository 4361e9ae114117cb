import { beforeEach } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { type EngineFixture, engineFixture } from './engine-fixture.ts'

/**
 * What tests of limits stand on: pools `gpu` of 3 and `ram` of 8, keys `pair…` of 2, `pair-of-four…` of 4, and any other of 1.
 * Nothing of one test is left for the next.
 */
export interface LimitFixture extends EngineFixture {
  claim(limit?: number, workerId?: string): Promise<readonly ClaimedTask[]>
  /** How many one look of the scheduler at all limits lets through. */
  admitAll(): Promise<number>
  /** What is wrong with the slots as they are; nothing may be after any transaction. */
  faults(): Promise<unknown[]>
}

export async function limitFixture(): Promise<LimitFixture> {
  const fixture = await engineFixture({ size: 12 })
  const { engine, verbs, rowsOf } = fixture
  beforeEach(async () => {
    for (const table of ['task', 'limit_slot', 'event', 'pool', 'concurrency_limit'])
      await rowsOf(`DELETE FROM "${table}"`)
    await rowsOf(`INSERT INTO pool (tenant, name, capacity) VALUES ('default', 'gpu', 3), ('default', 'ram', 8)`)
    await rowsOf(
      `INSERT INTO concurrency_limit (tenant, pattern, capacity) VALUES ('default', 'pair*', 2), ('default', 'pair-of-four*', 4)`,
    )
  })
  return {
    ...fixture,
    async claim(limit = 100, workerId = verbs.workerId) {
      const request = { tenant: 'default', workerId, queue: 'default', types: ['work'], limit }
      return (await claimTasks(engine, request)).tasks
    },
    admitAll: async () => (await admitTasks(engine, 'default', KEYS)).count,
    faults: () => rowsOf(FAULTS),
  }
}

const KEYS = ['key:solo', 'key:pair', 'key:pair-of-four', 'pool:gpu', 'pool:ram']

const FAULTS = `
  SELECT 'runs without its slots' AS fault, t.id::text AS what FROM task AS t, jsonb_to_recordset(t.limits) AS l(key text, slots int)
  WHERE (t.status = 'RUNNING' OR t.is_claimable) AND l.slots <> (
    SELECT count(*) FROM limit_slot AS s WHERE s.tenant = t.tenant AND s.task_id = t.id AND s.key = l.key)
  UNION ALL
  SELECT 'slot leaked', s.key || ' ' || s.task_id FROM limit_slot AS s
  WHERE NOT EXISTS (SELECT FROM task AS t WHERE t.id = s.task_id AND (t.status = 'RUNNING' OR t.is_claimable) AND t.limits IS NOT NULL)
  UNION ALL
  SELECT 'too many at once', s.key FROM limit_slot AS s GROUP BY s.key
  HAVING count(*) > CASE s.key WHEN 'pool:gpu' THEN 3 WHEN 'pool:ram' THEN 8 WHEN 'key:pair' THEN 2 WHEN 'key:pair-of-four' THEN 4 ELSE 1 END`
