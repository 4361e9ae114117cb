import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, testEngine } from '../support/engine.ts'
import { below, pick, type Random, seededRandom } from '../support/random.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'
import { addTrigger } from '../trigger/triggers.ts'
import { type SteadyServer, startSteadyServer } from './steady-server.ts'

/** Every other one starts runs of a workflow. */
const TRIGGERS = 10
const EVENTS = sized(60, 600)
/** Of one more trigger, which all events would pass. */
const CAP = 20

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

async function count(sql: string): Promise<number> {
  const { rows } = await database.pool.query(`SELECT count(*)::int AS count FROM ${sql}`)
  return rows[0].count
}

const settled = () => count(`trigger_firing WHERE status <> 'PENDING'`)

/** Kills one of the two, at times both, whenever some more firings were settled, and starts them again; until all is done. */
async function killAtRandom(random: Random, isDone: () => Promise<boolean>): Promise<number> {
  let kills = 0
  while (!(await isDone())) {
    const next = (await settled()) + 1 + below(random, sized(TRIGGERS * 30, TRIGGERS * 10))
    await until(async () => (await settled()) >= next || (await isDone()), 60_000)
    const victims = random() < 0.25 ? servers : [pick(random, servers)]
    await Promise.all(victims.map((server) => server.end('SIGKILL')))
    kills += victims.length
    await Promise.all(victims.map((server) => server.start()))
  }
  return kills
}

test('two schedulers that are killed over and over fire each trigger once for each event', {
  timeout: 300_000,
}, async () => {
  const engine = testEngine(database.pool)
  await addWorker(engine, ['work'])
  const steps = [{ id: 'a', type: 'TASK', task: 'work' }] as const
  await createWorkflow(engine, ACTOR, { definition: { name: 'one_task', steps } })
  for (let n = 0; n < TRIGGERS; n++) {
    const target = n % 2 === 1 ? { workflow: { name: 'one_task' } } : {}
    await addTrigger(engine, { keyPrefix: 'order/', maxPerHour: 100_000, ...target })
  }
  const capped = await addTrigger(engine, { keyPrefix: 'order/', maxPerHour: CAP })

  let sent = 0
  const sending = (async () => {
    for (; sent < EVENTS; sent++) {
      const event = { key: `order/${sent}`, payload: { n: sent }, id: `order ${sent}` }
      for (let twice = 0; twice < 2; twice++) await sendEvent(engine, ACTOR, event)
    }
  })()
  const total = EVENTS * (TRIGGERS + 1)
  const kills = await killAtRandom(
    seededRandom(17),
    async () => (await settled()) >= total && (await count('run_inbox')) === 0,
  )
  await sending

  expect(kills).toBeGreaterThan(1)
  expect(await count('trigger_firing')).toBe(total)
  expect(await count('(SELECT DISTINCT trigger_id, event_id FROM trigger_firing) AS firing')).toBe(total)
  expect(await count(`trigger_firing WHERE trigger_id = '${capped}' AND status = 'STARTED'`)).toBe(CAP)
  const started = EVENTS * TRIGGERS + CAP
  expect(await count(`trigger_firing WHERE status = 'STARTED'`)).toBe(started)
  const runs = EVENTS * (TRIGGERS / 2)
  expect(await count('workflow_run')).toBe(runs)
  expect(await count('(SELECT DISTINCT run_id FROM trigger_firing WHERE run_id IS NOT NULL) AS run')).toBe(runs)
  // Those that runs make for their one step are counted too: no run is started twice, nor steps twice.
  expect(await count('task')).toBe(started)
  expect(await count('task WHERE run_id IS NOT NULL')).toBe(runs)
  expect(await count('trigger_firing AS f JOIN task AS t ON t.id = f.task_id')).toBe(started - runs)
  const { rows } = await database.pool.query(
    `SELECT kind, count(*)::int AS count, count(DISTINCT payload->>'firingId')::int AS firings FROM event
    WHERE kind LIKE 'TriggerFir%' GROUP BY kind ORDER BY kind`,
  )
  expect(rows).toEqual([
    { kind: 'TriggerFired', count: started, firings: started },
    { kind: 'TriggerFiringSkipped', count: EVENTS - CAP, firings: EVENTS - CAP },
  ])
})
