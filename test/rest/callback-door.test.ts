import { randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { callBack } from '../../src/engine/call-back.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { commandRun } from '../../src/engine/command-run.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { createRunTools } from '../../src/engine/run-tools.ts'
import { createCallbackDoor } from '../../src/rest/callback-door.ts'
import type { JsonValue } from '../../src/task/json.ts'
import { MAX_JSON_BYTES } from '../../src/task/new-task.ts'
import { callbackToken } from '../../src/workflow/callback-token.ts'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { readCallbackKey } from '../../src/workflow/store/callbacks.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { type Handle, type Runs, runsOf } from '../support/runs.ts'

const { engine, rowsOf, database } = await engineFixture()
const key = randomBytes(32)
const hidden: unknown[] = []
const door = createCallbackDoor({
  key,
  take: (awaitedId, body) => callBack(engine, { tenant: ACTOR.tenant, awaitedId, body }),
  onHiddenError: (error) => hidden.push(error),
})
const server = createServer((request, response) => void door(request, response))
let base: string
let runs: Runs

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks/`
  const tools = createRunTools(engine.schemas, (id) => base + callbackToken(key, id))
  runs = await runsOf({ ...engine, runs: tools }, ['work', 'webhook_request'])
  const ask: Step = {
    id: 'ask',
    type: 'WEBHOOK',
    url: 'https://receiver.test',
    body: { answerTo: '${{ callback.url }}' },
    callback: true,
  }
  await runs.define({ name: 'ask', steps: [ask] })
  await runs.define({ name: 'ask-each', steps: [{ id: 'each', type: 'MAP', items: 'input.items', steps: [ask] }] })
  await runs.define({
    name: 'undo',
    steps: [
      { id: 'book', type: 'TASK', task: 'work', compensate: { ...ask, id: 'unbook' } },
      { id: 'fly', type: 'TASK', task: 'work', after: ['book'], onFailure: 'COMPENSATE' },
    ],
  })
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  expect(hidden).toEqual([])
})

const answered: Handle = () => ({ status: 202, headers: {}, body: null })
const runOf = async (id: string) => (await rowsOf(`SELECT * FROM workflow_run WHERE id = '${id}'`))[0]
/** URLs that tasks of a run were given. */
const urlsOf = async (id: string): Promise<string[]> =>
  (await rowsOf(`SELECT input FROM task WHERE run_id = '${id}' AND type = 'webhook_request' ORDER BY id`)).map(
    ({ input }) => input.body.answerTo,
  )
const urlOf = async (id: string): Promise<string> => (await urlsOf(id))[0]!

function call(url: string, body: JsonValue = { ok: true }, more: RequestInit = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...more,
  })
}

async function refusalOf(called: Promise<Response>): Promise<[number, string]> {
  const response = await called
  const { status, error } = (await response.json()) as { status?: string; error?: { code: string } }
  return [response.status, error?.code ?? status!]
}

describe('a call-back', () => {
  test('is the output of the step that waits for it', async () => {
    const id = await runs.start('ask')
    await runs.settle(answered)
    expect((await runOf(id)).status).toBe('WAITING')
    expect(await refusalOf(call(await urlOf(id), { deployed: 'v7' }))).toEqual([202, 'accepted'])
    expect(engine.rung).toContain('runs')
    await runs.settle(answered)
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: { deployed: 'v7' } })
  })

  test('counts also when it comes before the request is answered', async () => {
    const id = await runs.start('ask')
    expect((await call(await urlOf(id), { early: true })).status).toBe(202)
    await runs.settle(answered)
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: { early: true } })
  })

  test('counts also when the request fails after it', async () => {
    const id = await runs.start('ask')
    expect((await call(await urlOf(id), { early: true })).status).toBe(202)
    await runs.settle(() => new Error('the answer was lost'))
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: { early: true } })
    const other = await runs.start('ask')
    await runs.settle(() => new Error('refused'))
    expect((await runOf(other)).status).toBe('FAILED')
    expect(await refusalOf(call(await urlOf(other)))).toEqual([410, 'CALLBACK_OVER'])
  })

  test('is taken once, the first: before it was taken in, after, and when the step is over', async () => {
    const id = await runs.start('ask')
    const url = await urlOf(id)
    expect((await call(url, 1)).status).toBe(202)
    expect(await refusalOf(call(url, 2))).toEqual([410, 'CALLBACK_OVER'])
    expect(await advanceRuns(runs.engine)).toBe(1)
    expect((await runOf(id)).status).toBe('RUNNING')
    expect(await refusalOf(call(url, 3))).toEqual([410, 'CALLBACK_OVER'])
    await runs.settle(answered)
    expect(await refusalOf(call(url, 4))).toEqual([410, 'CALLBACK_OVER'])
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: 1 })
    expect(await rowsOf('SELECT * FROM run_inbox')).toEqual([])
  })

  test('is taken once, of many at the same moment and of runs that are stepped meanwhile', async () => {
    for (let round = 0; round < 15; round++) {
      const id = await runs.start('ask')
      const url = await urlOf(id)
      const calls = Array.from({ length: 8 }, async (_, n) => ({ n, status: (await call(url, n)).status }))
      const [answers] = await Promise.all([Promise.all(calls), runs.settle(answered)])
      await runs.settle(answered)
      const taken = answers.filter(({ status }) => status === 202)
      expect(taken).toHaveLength(1)
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202, 410]))
      expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: taken[0]!.n })
    }
  })

  test('reaches its own element of a list', async () => {
    const id = await runs.start('ask-each', { items: ['a', 'b', 'c'] })
    await runs.settle(answered)
    const urls = await urlsOf(id)
    expect(new Set(urls).size).toBe(3)
    for (const [at, url] of [...urls.entries()].reverse()) expect((await call(url, at)).status).toBe(202)
    await runs.settle(answered)
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: [0, 1, 2] })
  })

  test('reaches a step that undoes another while its run fails', async () => {
    const id = await runs.start('undo')
    await runs.settle(({ type, name }) =>
      type === 'webhook_request'
        ? { status: 200, headers: {}, body: null }
        : name.endsWith('fly')
          ? new Error('no seat')
          : 1,
    )
    expect((await runOf(id)).status).not.toBe('FAILED')
    expect((await call(await urlOf(id), null)).status).toBe(202)
    await runs.settle()
    expect(await runOf(id)).toMatchObject({ status: 'FAILED', error: { message: 'no seat' } })
  })

  test('without a body is null', async () => {
    const id = await runs.start('ask')
    const url = await urlOf(id)
    expect((await fetch(url, { method: 'POST' })).status).toBe(202)
    await runs.settle(answered)
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: null })
  })

  test('is too late when the run was cancelled, also while its task still runs', async () => {
    const [waiting, running] = [await runs.start('ask'), await runs.start('ask')]
    const cancel = (runId: string) =>
      commandRun(runs.engine, ACTOR, { runId, command: { kind: 'cancel', reason: null } })
    const urls = [await urlOf(waiting), await urlOf(running)]
    const workerId = await addWorker(engine, ['webhook_request'], 10)
    const claim = { tenant: ACTOR.tenant, workerId, types: ['webhook_request'], limit: 10 }
    const { tasks } = await claimTasks(engine, claim)
    expect(tasks).toHaveLength(2)
    const [first] = await rowsOf(`SELECT id, epoch FROM task WHERE run_id = '${waiting}'`)
    const end = { kind: 'complete', output: '{"status":200,"headers":{},"body":null}' } as const
    await endAttempts(engine, ACTOR, [{ taskId: first.id, epoch: first.epoch, end }])
    await runs.settle(answered)
    expect((await runOf(waiting)).status).toBe('WAITING')
    for (const id of [waiting, running]) await cancel(id)
    for (const url of urls) expect(await refusalOf(call(url))).toEqual([410, 'CALLBACK_OVER'])
    await runs.settle(answered)
    for (const id of [waiting, running]) expect((await runOf(id)).status).toBe('CANCELLED')
    for (const url of urls) expect(await refusalOf(call(url))).toEqual([410, 'CALLBACK_OVER'])
  })

  test('is taken by a run that is paused, which goes on later', async () => {
    const id = await runs.start('ask')
    await runs.settle(answered)
    await commandRun(runs.engine, ACTOR, { runId: id, command: { kind: 'pause' } })
    expect((await call(await urlOf(id), 'late')).status).toBe(202)
    await runs.settle()
    await commandRun(runs.engine, ACTOR, { runId: id, command: { kind: 'resume' } })
    await runs.settle()
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: 'late' })
  })
})

describe('the door', () => {
  let url: string
  let id: string
  beforeAll(async () => {
    id = await runs.start('ask')
    url = await urlOf(id)
  })
  // None of what was refused has used the URL up.
  afterAll(async () => {
    expect((await call(url, 'at last')).status).toBe(202)
    await runs.settle(answered)
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: 'at last' })
  })

  test('knows no token but its own', async () => {
    const forged = callbackToken(randomBytes(32), randomUUID())
    for (const token of ['', 'x', randomUUID(), forged, `${url.slice(base.length)}x`, '../graphql', '%00'])
      expect(await refusalOf(call(base + token))).toEqual([404, 'UNKNOWN_CALLBACK'])
  })

  test('says that it is over for a token whose step there is no more', async () => {
    expect(await refusalOf(call(base + callbackToken(key, randomUUID())))).toEqual([410, 'CALLBACK_OVER'])
  })

  test('takes nothing but POST, so that a look at the link does not call', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
      const response = await fetch(url, { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    }
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'refuses the content %s',
    async (type) => {
      const response = call(url, 1, { headers: { 'content-type': type } })
      expect(await refusalOf(response)).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
    },
  )

  test.each([
    '{"a":',
    'undefined',
    Buffer.from([0x22, 0xff, 0x22]),
    '"\\u0000"',
    '"\\ud800"',
    '['.repeat(2_000) + ']'.repeat(2_000),
  ])('refuses %s', async (body) => {
    expect(await refusalOf(call(url, null, { body }))).toEqual([400, 'BAD_JSON'])
  })

  test('refuses what is too large, whether it says so or not, without reading it to the end', async () => {
    expect(await refusalOf(call(url, 'x'.repeat(MAX_JSON_BYTES)))).toEqual([413, 'BODY_TOO_LARGE'])
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(
      `POST ${new URL(url).pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('error', () => undefined)
    const piece = 'x'.repeat(65_536)
    const write = (): void => {
      while (!socket.destroyed && answer === '' && socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`));
    }
    socket.on('drain', write)
    write()
    await expect.poll(() => answer, { timeout: 5_000 }).toContain('HTTP/1.1 413')
    socket.destroy()
  })

  test('reads no body of who has no token', async () => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.write('POST /callbacks/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n')
    await expect.poll(() => answer).toContain('HTTP/1.1 404')
    socket.destroy()
  })
})

test('the key is made once and stays', async () => {
  const keys = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const client = await database.pool.connect()
      try {
        return (await readCallbackKey(client, randomBytes(32))).toString('hex')
      } finally {
        client.release()
      }
    }),
  )
  expect(new Set(keys).size).toBe(1)
})
