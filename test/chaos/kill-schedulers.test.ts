import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBackfill } from '../../src/engine/create-backfill.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { addSchedule } from '../schedule/schedules.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, testEngine } from '../support/engine.ts'
import { below, pick, type Random, seededRandom } from '../support/random.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'
import { type SteadyServer, startSteadyServer } from './steady-server.ts'

/** Every other one starts runs of a workflow. */
const SCHEDULES = 20
/** Due times of each schedule, a second apart. */
const DUES = sized(10, 50)
/** Due times of the past that a backfill asks for meanwhile. */
const BACKFILLED = sized(40, 200)

let database: TestDatabase
let servers: SteadyServer[]
beforeAll(async () => {
  database = await freshDatabase()
  const env = { DATABASE_URL: database.url, TASK_MGMT_ROLES: 'api,scheduler' }
  servers = await Promise.all([startSteadyServer({ env }), startSteadyServer({ env })])
}, 60_000)
afterAll(async () => {
  await Promise.all(servers.map((server) => server.end('SIGTERM')))
  await database.drop()
})

async function count(sql: string, values: unknown[] = []): Promise<number> {
  const { rows } = await database.pool.query(`SELECT count(*)::int AS count FROM ${sql}`, values)
  return rows[0].count
}

const fires = () => count('schedule_fire')

/** Kills one of the two, at times both, whenever some more fires were recorded, and starts them again; until all is done. */
async function killAtRandom(random: Random, isDone: () => Promise<boolean>): Promise<number> {
  let kills = 0
  while (!(await isDone())) {
    const next = (await fires()) + 1 + below(random, SCHEDULES * 2)
    await until(async () => (await fires()) >= next || (await isDone()), 60_000)
    const victims = random() < 0.25 ? servers : [pick(random, servers)]
    await Promise.all(victims.map((server) => server.end('SIGKILL')))
    kills += victims.length
    await Promise.all(victims.map((server) => server.start()))
  }
  return kills
}

test('two schedulers that are killed over and over fire each due time once', { timeout: 300_000 }, async () => {
  const engine = testEngine(database.pool)
  await addWorker(engine, ['work'])
  const steps = [{ id: 'a', type: 'TASK', task: 'work' }] as const
  await createWorkflow(engine, ACTOR, { definition: { name: 'one_task', steps } })
  const first = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2000)
  const start = first.toISOString().slice(0, 19).replace(/[-:]/g, '')
  const text = `DTSTART:${start}Z\nRRULE:FREQ=SECONDLY;COUNT=${DUES}`
  const timing = { kind: 'rrule', text, timeZone: 'UTC' } as const
  const ids = await Promise.all(
    Array.from({ length: SCHEDULES }, (_, place) =>
      addSchedule(engine, {
        timing,
        missedPolicy: 'ALL',
        overlapPolicy: 'ALLOW',
        jitterMs: place * 100,
        ...(place % 2 === 1 && { workflow: { name: 'one_task', dueAtField: 'due' } }),
      }),
    ),
  )
  const past = { kind: 'interval', everyMs: 60_000, anchor: '2020-01-01T00:00:00.000Z', timeZone: 'UTC' } as const
  const refilled = await addSchedule(engine, { timing: { ...past, everyMs: 86_400_000 }, overlapPolicy: 'ALLOW' })
  await database.pool.query('UPDATE schedule SET timing = $2 WHERE id = $1', [refilled, past])
  const from = new Date('2021-01-01T00:00:00Z')
  const range = { from, until: new Date(from.getTime() + (BACKFILLED - 1) * 60_000) }
  const asked = await createBackfill(engine, ACTOR, { scheduleId: refilled, ...range, maxAtOnce: 1000 })
  expect(asked.ok).toBe(true)

  const total = SCHEDULES * DUES + BACKFILLED
  const runs = (SCHEDULES / 2) * DUES
  const kills = await killAtRandom(seededRandom(11), async () => {
    const open = await count(`schedule WHERE id = ANY ($1) AND status <> 'ENDED'`, [ids])
    return open === 0 && (await fires()) >= total && (await count('run_inbox')) === 0
  })

  expect(await fires()).toBe(total)
  // Those that runs make for their one step are counted too: no run is started twice, nor steps twice.
  expect(await count('task')).toBe(total)
  expect(await count('workflow_run')).toBe(runs)
  expect(await count(`(SELECT DISTINCT run_id FROM task WHERE run_id IS NOT NULL) AS stepped`)).toBe(runs)
  expect(await count(`(SELECT DISTINCT schedule_id, input->>'due' FROM workflow_run) AS due`)).toBe(runs)
  expect(await count('(SELECT DISTINCT schedule_id, due_at FROM schedule_fire) AS due')).toBe(total)
  expect(await count(`schedule_fire AS f JOIN task AS t ON t.id = f.task_id AND t.schedule_id = f.schedule_id`)).toBe(
    total - runs,
  )
  expect(
    await count(`schedule_fire AS f JOIN workflow_run AS r ON r.id = f.run_id AND r.schedule_id = f.schedule_id`),
  ).toBe(runs)
  const { rows } = await database.pool.query(
    `SELECT kind, count(*)::int AS count, count(DISTINCT payload->>'fireId')::int AS fires FROM event
    WHERE kind IN ('ScheduleFired', 'ScheduleEnded', 'ScheduleFireMissed', 'TaskCreated') GROUP BY kind ORDER BY kind`,
  )
  expect(kills).toBeGreaterThan(1)
  expect(rows).toEqual([
    { kind: 'ScheduleEnded', count: SCHEDULES, fires: 0 },
    { kind: 'ScheduleFired', count: total, fires: total },
    { kind: 'TaskCreated', count: total, fires: 0 },
  ])
})
