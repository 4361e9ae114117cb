import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { startRun } from '../../src/engine/start-run.ts'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, testEngine } from '../support/engine.ts'
import { openReceiver } from '../support/receiver.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'
import { refuseMessage } from '../support/verify-standard-webhook.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const receiver = await openReceiver()
let database: TestDatabase
let server: ServerProcess
let url: string

beforeAll(async () => {
  database = await freshDatabase()
  server = spawnServer({
    DATABASE_URL: database.url,
    TASK_MGMT_WEBHOOK_SECRETS: `deploy=${SECRET}`,
    TASK_MGMT_WEBHOOK_PRIVATE_HOSTS: '127.0.0.1',
    TASK_MGMT_LOG_LEVEL: 'trace',
  })
  url = await server.ready
}, 30_000)
afterAll(async () => {
  server.kill('SIGTERM')
  await server.ended
  await database.drop()
})

/** A run whose steps the server makes, from the first it has to wait for. */
async function run(name: string, step: Step): Promise<() => Promise<Record<string, unknown>>> {
  const engine = testEngine(database.pool)
  const nap: Step = { id: 'nap', type: 'WAIT', duration: '1ms' }
  const definition = { name, steps: [nap, { ...step, after: ['nap'] }] }
  await createWorkflow(engine, ACTOR, { definition })
  const started = await startRun(engine, ACTOR, { workflow: name, input: {} })
  if (!started.ok) throw new Error(JSON.stringify(started.refusal))
  const { runId } = started.value
  return async () =>
    (await database.pool.query('SELECT status, output, error FROM workflow_run WHERE id = $1', [runId])).rows[0]
}

test('a WEBHOOK is signed, sent again when it must be, and called back', async () => {
  receiver.answer = (_request, response) => {
    if (receiver.received.length === 1) response.writeHead(503, { 'retry-after': '1' }).end()
    else response.writeHead(202).end()
  }
  const read = await run('deploy', {
    id: 'deploy',
    type: 'WEBHOOK',
    url: `${receiver.url}/deploy`,
    body: { ref: 'v7', answerTo: '${{ callback.url }}' },
    secret: 'deploy',
    callback: true,
  })
  await until(async () => (await read()).status === 'WAITING' && receiver.received.length === 2, 20_000)
  const [first, second] = receiver.received
  expect([refuseMessage(first!, SECRET), refuseMessage(second!, SECRET)]).toEqual([null, null])
  expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
  const { ref, answerTo } = JSON.parse(second!.body)
  expect(ref).toBe('v7')
  expect(answerTo).toMatch(new RegExp(`^${url}/callbacks/[\\w-]{64}$`))
  const call = () =>
    fetch(answerTo, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ deployed: ref }),
    })
  expect((await call()).status).toBe(202)
  await until(async () => (await read()).status === 'COMPLETED')
  expect(await read()).toMatchObject({ output: { deployed: 'v7' } })
  expect((await call()).status).toBe(410)
  expect((await fetch(`${url}/callbacks/${'A'.repeat(64)}`, { method: 'POST' })).status).toBe(404)

  const { rows } = await database.pool.query(
    `SELECT jsonb_agg(to_jsonb(t))::text AS text FROM task AS t UNION ALL SELECT jsonb_agg(to_jsonb(e))::text FROM event AS e
    UNION ALL SELECT jsonb_agg(to_jsonb(a))::text FROM attempt AS a UNION ALL SELECT jsonb_agg(to_jsonb(s))::text FROM step_run AS s
    UNION ALL SELECT jsonb_agg(to_jsonb(l))::text FROM task_log AS l`,
  )
  const kept = rows.map(({ text }) => text).join()
  expect(kept).toContain('WEBHOOK_UNAVAILABLE')
  expect(kept).not.toContain(SECRET.slice(6))
  expect(server.output.stdout + server.output.stderr).not.toContain(SECRET.slice(6))
}, 40_000)

test('a WEBHOOK to this machine fails unless its name is allowed', async () => {
  const read = await run('inside', { id: 'ask', type: 'WEBHOOK', url: `http://localhost:${receiver.port}` })
  await until(async () => (await read()).status === 'FAILED')
  expect(await read()).toMatchObject({ error: { code: 'WEBHOOK_ADDRESS_FORBIDDEN' } })
  expect(receiver.received).toEqual([])
}, 20_000)
