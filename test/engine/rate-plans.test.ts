import { beforeAll, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { enforceRates, FIRST_PLACE } from '../../src/engine/enforce-rates.ts'
import { READ_IN_ORDER } from '../../src/engine/transact.ts'
import type { TestEngine } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { failingPool } from '../support/failing-pool.ts'
import { planOf, withoutAutovacuum } from '../support/plans.ts'
import { rateOf, setRates } from '../support/rates.ts'
import { sized } from '../support/size.ts'

const { database, engine, verbs } = await engineFixture()
beforeAll(() => withoutAutovacuum(database.pool))

/** The texts of the statements that read or write tasks and tokens, as the verbs send them. */
async function statementsOf(act: (on: TestEngine) => Promise<unknown>): Promise<string[]> {
  const spied = failingPool(database.url, database.pool, null)
  await act({ ...engine, db: spied.pool })
  await spied.end()
  return spied.statements.filter((text) => /"(task|rate_grant|rate_bucket|attempt_record)"/.test(text))
}

/** A scan of a table that can be large; that of task_claim_idx by tenant finds the first queue, or the next. */
const SCAN = /^(-> +)?Index (Only )?Scan using (?!task_claim_idx)\w+ on (task|attempt_record|rate_grant|rate_bucket)\b/

const waiting = (count: number) => `
  INSERT INTO task (id, name, type, status, ready_at, blocked_on, order_key, created_by)
  SELECT gen_random_uuid(), 'a', 'work', 'READY', now(), 'type:work', n, 'test' FROM generate_series(1, ${count}) AS n`
const tokens = (count: number) => `
  INSERT INTO rate_grant (tenant, key, task_id, epoch, granted_at)
  SELECT 'default', 'rate:' || n, gen_random_uuid(), 0, now() FROM generate_series(1, ${count}) AS n`

test('an admission and a change of rates read by index, whatever the tables held when they were planned', async () => {
  await setRates(engine, rateOf(1, 3_600_000, 10), rateOf(1, 3_600_000, 10, 'k*'))
  await verbs.create({}, {}, { type: 'other', rateKey: 'free' }, { type: 'other', rateKey: 'key' })
  const texts = [
    ...(await statementsOf((on) => admitTasks(on, 'default', ['type:work', 'rate:free', 'rate:key']))),
    ...(await statementsOf(async (on) => {
      await setRates(engine, rateOf(1, 3_600_000, 10), rateOf(1, 3_600_000, 10, '*'))
      await enforceRates(on, FIRST_PLACE)
    })),
  ]
  expect(texts.length).toBeGreaterThan(8)
  for (const [situation, sql] of [
    ['little', 'SELECT'],
    ['tasks that wait, and no statistics', waiting(2_000)],
    ['statistics of both', 'ANALYZE task'],
    ['many tokens', tokens(2_000)],
    ['statistics of tokens', 'ANALYZE rate_grant'],
  ] as const) {
    await database.pool.query(sql)
    for (const text of texts) {
      const plan = await planOf(database.pool, text, [READ_IN_ORDER])
      const whole = plan.filter((line) => /Seq Scan on (task|rate_grant|rate_bucket|attempt_record)\b/.test(line))
      expect(whole, `${situation}: ${text}`).toEqual([])
      // A table is never walked by its tenant alone.
      const walked = plan.flatMap((line, index) =>
        SCAN.test(line) && /^Index Cond: \(tenant = \S+\)$/.test(plan[index + 1] ?? '') ? [line] : [],
      )
      expect(walked, `${situation}: ${text}\n${plan.join('\n')}`).toEqual([])
    }
  }
})

test('a backlog behind an empty bucket costs a claim and an admission nothing more', { timeout: 600_000 }, async () => {
  for (const table of ['task', 'rate_grant', 'rate_bucket']) await database.pool.query(`DELETE FROM "${table}"`)
  await setRates(engine, rateOf(1, 3_600_000, 10))
  const median = async (act: () => Promise<unknown>) => {
    const times: number[] = []
    for (let n = 0; n < 21; n++) {
      const start = performance.now()
      await act()
      times.push(performance.now() - start)
    }
    return times.toSorted((a, b) => a - b)[10]!
  }
  const measure = async () => ({
    claim: await median(() => verbs.claim()),
    admission: await median(() => admitTasks(engine, 'default', ['type:work'])),
    change: await median(() => enforceRates(engine, FIRST_PLACE)),
  })
  await verbs.create(...Array.from({ length: 200 }, () => ({})))
  await admitTasks(engine, 'default', ['type:work'])
  expect(await verbs.claim()).toHaveLength(10)
  const few = await measure()
  for (let inserted = 0; inserted < sized(20_000, 1_000_000); inserted += 20_000)
    await database.pool.query(waiting(20_000))
  const many = await measure()
  if (process.env.SHOW_TIMES) console.log(few, many)
  // Reading the backlog would take tens of times as long; the rest is the noise of a busy machine.
  for (const what of ['claim', 'admission', 'change'] as const) expect(many[what], what).toBeLessThan(5 * few[what] + 5)
})
