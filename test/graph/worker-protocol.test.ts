import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import { decodeTypeId, encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { createWork, signOn } from '../support/graph-worker.ts'
import { until } from '../support/until.ts'

let graph: TestGraph
beforeAll(async () => {
  graph = await startGraph()
})
afterAll(() => graph.stop())

const uuid = (id: string): string => decodeTypeId(id)!.uuid
const rowOf = async (id: string) => (await graph.pool.query('SELECT * FROM task WHERE id = $1', [uuid(id)])).rows[0]
const countOf = async (sql: string, values: unknown[] = []): Promise<number> =>
  (await graph.pool.query(`SELECT count(*)::int AS n FROM ${sql}`, values)).rows[0].n
/** Ages what a worker was leased and listed, so that a test need not wait. */
const age = (workerId: string) =>
  graph.pool.query(`UPDATE worker SET listed_at = listed_at - interval '6 seconds' WHERE id = $1`, [uuid(workerId)])

describe('registerWorker', () => {
  const input = (more: object = {}) => ({
    requestId: newUuid(),
    name: 'one',
    host: 'here',
    slots: 3,
    types: [{ name: 'work' }],
    ...more,
  })

  test('signs on once, however often its request is sent, and tells when to send heartbeats', async () => {
    const { client } = await signOn(graph.url)
    const request = { input: input({ lease: 'PT20S', labels: { zone: 'a' }, version: '1.0' }) }
    const answers = await Promise.all([client.registerWorker(request), client.registerWorker(request)])
    const [first, second] = answers.map((answer) => unwrap(answer))
    expect(second).toEqual(first)
    expect(first).toMatchObject({ state: 'ACTIVE', lease: 'PT20S', heartbeatInterval: 'PT5S' })
    expect(await client.getWorker({ id: first!.workerId })).toMatchObject({
      name: 'one',
      slots: 3,
      leases: 0,
      types: ['work'],
      labels: { zone: 'a' },
      version: '1.0',
    })
  })

  test('names everything that is wrong', async () => {
    const { client } = await signOn(graph.url)
    const wrong: [object, string[]][] = [
      [{ slots: 0 }, ['input', 'slots']],
      [{ lease: 'PT0.5S' }, ['input', 'lease']],
      [{ types: [] }, ['input', 'types']],
      [{ types: [{ name: 'work' }, { name: 'work' }] }, ['input', 'types', '1', 'name']],
      [{ types: [{ name: 'Not Snake' }] }, ['input', 'types', '0', 'name']],
      [{ types: [{ name: 'work', inputSchema: 5 }] }, ['input', 'types', '0', 'inputSchema']],
      [{ types: [{ name: 'work', inputSchema: { type: 'nonsense' } }] }, ['input', 'types', '0', 'inputSchema']],
      [{ labels: { zone: 5 } }, ['input', 'labels', 'zone']],
    ]
    for (const [more, path] of wrong) {
      const answer = await client.registerWorker({ input: input(more) as never })
      expect(answer, JSON.stringify(more)).toMatchObject({ __typename: 'ValidationError', issues: [{ path }] })
    }
  })
})

describe('claimTasks', () => {
  test('answers a repeated request with the same tasks, as far as their leases still hold', async () => {
    const worker = await signOn(graph.url)
    await createWork(graph.engine, {}, {}, {})
    const requestId = newUuid()
    const first = await worker.claim({ requestId, limit: 2 })
    expect(first).toHaveLength(2)
    expect(await worker.claim({ requestId, limit: 2 })).toEqual(
      first.map((task) => ({ ...task, timeLeft: expect.any(String) })),
    )
    unwrap(await worker.client.completeTask({ input: { ...worker.own(first[0]!), output: 1 } }))
    expect((await worker.claim({ requestId, limit: 2 })).map(({ id }) => id)).toEqual([first[1]!.id])
    unwrap(await worker.client.completeTask({ input: worker.own(first[1]!) }))
    const startedAt = performance.now()
    expect(await worker.claim({ requestId, limit: 2, wait: 'PT10S' })).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(await worker.claim()).toHaveLength(1)
    expect(await countOf('attempt WHERE task_id = ANY($1)', [first.map(({ id }) => uuid(id))])).toBe(2)
  })

  test('leases once when the same request comes many times at once', async () => {
    const worker = await signOn(graph.url)
    const ids = await createWork(graph.engine, ...Array.from({ length: 40 }, () => ({})))
    const requestId = newUuid()
    const answers = await Promise.all(Array.from({ length: 8 }, () => worker.claim({ requestId, limit: 5 })))
    const sets = answers.map((tasks) => tasks.map(({ id }) => id).join())
    expect(new Set(sets).size).toBe(1)
    expect(answers[0]).toHaveLength(5)
    expect(
      await countOf(`task WHERE id = ANY($1) AND status = 'RUNNING'`, [ids.map(uuid)]),
      'tasks that were leased',
    ).toBe(5)
    await worker.client.stopWorker({ input: { workerId: worker.workerId } })
    await graph.pool.query(`UPDATE task SET status = 'CANCELLED', finished_at = now(), is_claimable = false, order_key = NULL,
      wake_at = NULL, worker_id = NULL, claimed_at = NULL WHERE finished_at IS NULL`)
  })

  test('waits without a connection until there is work', async () => {
    const worker = await signOn(graph.url)
    const delays: number[] = []
    // A bell is quicker than the slow poll, however busy the machine: in the best of some turns.
    for (let turn = 0; turn < 5 && !(Math.min(...delays) < 400); turn++) {
      const claiming = worker.claim({ wait: 'PT20S' })
      await delay(100)
      const others = `pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`
      await until(async () => (await countOf(others)) === 0)
      const startedAt = performance.now()
      const [id] = await createWork(graph.engine, {})
      expect(await claiming).toMatchObject([{ id, epoch: 1, attempt: 1 }])
      delays.push(performance.now() - startedAt)
    }
    expect(Math.min(...delays)).toBeLessThan(400)
  })

  test('hands nothing to a client that has gone away', async () => {
    const worker = await signOn(graph.url)
    const leaving = new AbortController()
    const input = { workerId: worker.workerId, requestId: newUuid(), types: ['work'], limit: 1, wait: 'PT20S' }
    const claiming = worker.client.claimTasks({ input }, { signal: leaving.signal })
    claiming.catch(() => undefined)
    await delay(100)
    leaving.abort()
    await expect(claiming).rejects.toThrow()
    // The server hears of it when the socket closes; a bell that rings before would be too early.
    await delay(1_000)
    const [id] = await createWork(graph.engine, {})
    await delay(500)
    expect((await rowOf(id!)).status).toBe('READY')
    expect(await worker.claim()).toHaveLength(1)
  })

  test('ends the oldest of more than four that wait', async () => {
    const worker = await signOn(graph.url)
    const oldest = worker.claim({ wait: 'PT20S' })
    await delay(50)
    const others = Array.from({ length: 4 }, () => worker.claim({ wait: 'PT2S' }))
    expect(await oldest).toEqual([])
    expect((await Promise.all(others)).flat()).toEqual([])
  })

  test('answers at once when the worker is drained, and gives it nothing from then on', async () => {
    const worker = await signOn(graph.url)
    const claiming = worker.client.claimTasks({
      input: { workerId: worker.workerId, requestId: newUuid(), types: ['work'], limit: 1, wait: 'PT20S' },
    })
    await delay(50)
    const startedAt = performance.now()
    const { worker: drained } = unwrap(await worker.client.drainWorker({ input: { id: worker.workerId } }))
    expect(drained.state).toBe('DRAINING')
    expect(await claiming).toMatchObject({ tasks: [], state: 'DRAINING' })
    expect(performance.now() - startedAt).toBeLessThan(500)
    const [id] = await createWork(graph.engine, {})
    expect(await worker.claim()).toEqual([])
    expect((await rowOf(id!)).status).toBe('READY')
    await (await signOn(graph.url)).claim()
  })

  test('refuses what makes no sense, and workers that nobody knows', async () => {
    const { client, workerId } = await signOn(graph.url)
    const ask = (more: object) =>
      client.claimTasks({ input: { workerId, requestId: 'x', types: ['work'], limit: 1, ...more } as never })
    expect(await ask({ limit: 0 })).toMatchObject({ __typename: 'ValidationError', path: ['input', 'limit'] })
    expect(await ask({ wait: 'PT26S' })).toMatchObject({ __typename: 'ValidationError', path: ['input', 'wait'] })
    expect(await ask({ workerId: 'worker_x' })).toMatchObject({ path: ['input', 'workerId'] })
    expect(await ask({ workerId: encodeTypeId('worker', newUuid()) })).toMatchObject({
      __typename: 'NotFoundError',
      path: ['input', 'workerId'],
    })
  })
})

describe('the end of an attempt', () => {
  const leased = async (task = {}) => {
    const worker = await signOn(graph.url)
    const [id] = await createWork(graph.engine, task)
    const tasks = await worker.claim()
    const one = tasks.find((claimed) => claimed.id === id)!
    return { worker, task: one, own: worker.own(one), client: worker.client }
  }

  test('repeated is answered as done when it says the same, and else refused', async () => {
    const { client, own, task } = await leased()
    const done = { __typename: 'CompleteTaskSuccess', taskId: task.id, status: 'COMPLETED', version: 3 }
    expect(await client.completeTask({ input: { ...own, output: { a: 1.5, b: [null] } } })).toEqual(done)
    expect(await client.completeTask({ input: { ...own, output: { b: [null], a: 1.5 } } })).toEqual(done)
    const stale = { __typename: 'StaleLeaseError', code: 'STALE_LEASE', taskId: task.id, status: 'COMPLETED', epoch: 1 }
    expect(await client.completeTask({ input: { ...own, output: { a: 2 } } })).toMatchObject(stale)
    expect(await client.failTask({ input: { ...own, code: 'X', message: 'y' } })).toMatchObject(stale)
    expect(await client.releaseTask({ input: own })).toMatchObject(stale)
    expect(await client.reportProgress({ input: { ...own, fraction: 0.5 } })).toMatchObject(stale)
    expect(await rowOf(task.id)).toMatchObject({ version: 3, output: { a: 1.5, b: [null] } })
  })

  test('as a failure, release or park repeated does nothing twice', async () => {
    const failed = await leased({ retry: { maxAttempts: 2, initialMs: 60_000 } })
    const failure = { input: { ...failed.own, code: 'BOOM', message: 'it broke' } }
    for (const _ of [1, 2]) {
      expect(await failed.client.failTask(failure)).toMatchObject({ status: 'RETRYING', version: 3 })
    }
    expect(await failed.client.failTask({ input: { ...failure.input, code: 'OTHER' } })).toMatchObject({
      __typename: 'StaleLeaseError',
    })
    expect(await rowOf(failed.task.id)).toMatchObject({ failures: 1, version: 3 })

    const released = await leased()
    for (const _ of [1, 2]) {
      expect(await released.client.releaseTask({ input: { ...released.own, delay: 'PT1H' } })).toMatchObject({
        status: 'SCHEDULED',
      })
    }
    expect((await rowOf(released.task.id)).version).toBe(3)

    const parked = await leased()
    const until = new Date(Date.now() + 3_600_000).toISOString()
    for (const _ of [1, 2]) {
      expect(await parked.client.parkTask({ input: { ...parked.own, until } })).toMatchObject({ status: 'WAITING' })
    }
    expect((await rowOf(parked.task.id)).version).toBe(3)
  })

  test('under a lease of somebody else, an old epoch, or for no task changes nothing', async () => {
    const { client, own, task } = await leased()
    const stranger = await signOn(graph.url)
    const as = { ...own, workerId: stranger.workerId }
    for (const answer of [
      await client.completeTask({ input: as }),
      await client.failTask({ input: { ...as, code: 'X', message: 'y' } }),
      await client.releaseTask({ input: as }),
      await client.parkTask({ input: { ...as, key: 'k' } }),
      await client.reportProgress({ input: { ...as, fraction: 0.1 } }),
      await client.appendLog({ input: { ...as, lines: [{ message: 'no' }] } }),
      await client.completeTask({ input: { ...own, epoch: 9 } }),
    ]) {
      expect(answer).toMatchObject({ __typename: 'StaleLeaseError', status: 'RUNNING', currentEpoch: 1 })
    }
    const taskId = encodeTypeId('task', newUuid())
    expect(await client.completeTask({ input: { ...own, taskId } })).toMatchObject({ __typename: 'NotFoundError' })
    expect(await client.reportProgress({ input: { ...own, taskId, fraction: 0 } })).toMatchObject({
      __typename: 'NotFoundError',
    })
    expect(await rowOf(task.id)).toMatchObject({ status: 'RUNNING', version: 2 })
    expect(await countOf('task_log WHERE task_id = $1', [uuid(task.id)])).toBe(0)
  })

  test('as a park for an event that had come goes on at once, also when it is said twice', async () => {
    const parked = await leased()
    const { client } = parked
    const sent = await client.sendEvent({ input: { key: 'early', payload: { a: 1 } } })
    for (let times = 0; times < 2; times++) {
      const input = { ...parked.own, key: 'early', lookBack: 'PT1H', condition: 'payload.a == 1' }
      expect(await client.parkTask({ input })).toMatchObject({ status: 'READY', version: 3 })
    }
    const requestId = newUuid()
    const [again] = await parked.worker.claim({ requestId })
    // The answers come again with the tasks when the claim is repeated.
    expect(await parked.worker.claim({ requestId })).toMatchObject([{ id: again!.id, answers: again!.answers }])
    expect(again).toMatchObject({
      attempt: 1,
      epoch: 2,
      answers: [
        {
          key: 'early',
          outcome: 'ANSWERED',
          payload: { a: 1 },
          sender: 'anonymous',
          eventId: sent.__typename === 'SendEventSuccess' ? sent.event.id : '',
        },
      ],
    })
  })

  test('as a park for what cannot be waited for is refused by name', async () => {
    const { client, own, task } = await leased()
    for (const [wait, path] of [
      [{}, 'until'],
      [{ key: '' }, 'key'],
      [{ key: 'k'.repeat(501) }, 'key'],
      [{ key: 'k', condition: 'payload.' }, 'condition'],
      [{ key: 'k', condition: '1 + 1' }, 'condition'],
      [{ condition: 'true', timeout: 'PT1S' }, 'key'],
      [{ lookBack: 'PT1S', timeout: 'PT1S' }, 'key'],
    ] as const) {
      expect(await client.parkTask({ input: { ...own, ...wait } })).toMatchObject({
        __typename: 'ValidationError',
        issues: [{ path: ['input', path] }],
      })
    }
    expect(await rowOf(task.id)).toMatchObject({ status: 'RUNNING', version: 2 })
  })

  test('with an output that does not fit is refused and leaves the attempt open', async () => {
    const type = { name: 'counted', outputSchema: { type: 'object', required: ['count'] } }
    const worker = await signOn(graph.url, { types: [type] })
    await createWork(graph.engine, { type: 'counted' })
    const [task] = await worker.claim()
    const own = worker.own(task!)
    const complete = (output?: unknown) => worker.client.completeTask({ input: { ...own, output } })
    expect(await complete({ counts: 1 })).toMatchObject({ __typename: 'ValidationError', path: ['input', 'output'] })
    expect(await complete()).toMatchObject({ __typename: 'ValidationError' })
    expect(await complete({ count: 'x'.repeat(1_100_000) })).toMatchObject({
      __typename: 'ValidationError',
      message: expect.stringContaining('1048576'),
    })
    expect((await rowOf(task!.id)).status).toBe('RUNNING')
    expect(await complete({ count: 1 })).toMatchObject({ status: 'COMPLETED' })
  })
})

describe('reportAttempts', () => {
  test('writes lines, progress and ends in one request, and nothing twice when it is repeated', async () => {
    const worker = await signOn(graph.url)
    await createWork(graph.engine, {}, {})
    const [one, two] = await worker.claim()
    const lease = (task: typeof one) => ({ taskId: task!.id, epoch: task!.epoch })
    const input = {
      workerId: worker.workerId,
      requestId: newUuid(),
      log: [
        { ...lease(one), message: 'first' },
        { ...lease(one), message: 'second', level: 'WARN' as const, fields: { n: 1 } },
      ],
      progress: [{ ...lease(two), fraction: 0.5, message: 'half' }],
      ends: [
        { ...lease(one), complete: { output: 'x' }, cpuTime: 'PT0.012S' },
        { ...lease(two), epoch: 7, complete: {} },
      ],
    }
    const first = await worker.client.reportAttempts({ input })
    expect(first).toMatchObject({
      __typename: 'ReportAttemptsSuccess',
      staleTaskIds: [],
      ends: [
        { __typename: 'AttemptEndSuccess', status: 'COMPLETED' },
        { __typename: 'StaleLeaseError', currentEpoch: 1, path: ['input', 'ends', '1', 'epoch'] },
      ],
    })
    expect(await worker.client.reportAttempts({ input })).toEqual(first)
    const { rows } = await graph.pool.query(
      'SELECT message, level, fields, attempt FROM task_log WHERE task_id = $1 ORDER BY id',
      [uuid(one!.id)],
    )
    expect(rows).toEqual([
      { message: 'first', level: 'info', fields: null, attempt: 1 },
      { message: 'second', level: 'warn', fields: { n: 1 }, attempt: 1 },
    ])
    expect(await rowOf(one!.id)).toMatchObject({ status: 'COMPLETED', output: 'x', version: 3 })
    expect(await rowOf(two!.id)).toMatchObject({ progress_message: 'half' })
    const both = await worker.client.reportAttempts({
      input: { workerId: worker.workerId, requestId: 'x', ends: [{ ...lease(two), complete: {}, release: {} }] },
    })
    expect(both).toMatchObject({ __typename: 'ValidationError', path: ['input', 'ends', '0'] })
  })
})

describe('heartbeatWorker', () => {
  test('brings a cancel while it waits, at once', async () => {
    const worker = await signOn(graph.url)
    const [id] = await createWork(graph.engine, {})
    const [task] = await worker.claim()
    const { workerId } = worker
    const held = [{ taskId: task!.id, epoch: task!.epoch }]
    const beating = worker.client.heartbeatWorker({ input: { workerId, held, wait: 'PT20S' } })
    await delay(50)
    const startedAt = performance.now()
    await cancelTask(graph.engine, ACTOR, { taskId: uuid(id!) })
    expect(await beating).toMatchObject({ state: 'ACTIVE', ended: [{ ...held[0], reason: 'CANCELLED' }] })
    expect(performance.now() - startedAt).toBeLessThan(500)
  })

  test('ends its wait when the worker was handed tasks, is drained or lost', async () => {
    const worker = await signOn(graph.url)
    const beat = (more = {}) =>
      worker.client.heartbeatWorker({ input: { workerId: worker.workerId, held: [], wait: 'PT20S', ...more } })
    const first = beat()
    await delay(50)
    await createWork(graph.engine, {})
    await worker.claim()
    expect(await first).toMatchObject({ state: 'ACTIVE', ended: [] })
    const second = beat()
    await delay(50)
    await worker.client.drainWorker({ input: { id: worker.workerId } })
    expect(await second).toMatchObject({ state: 'DRAINING' })
    await graph.pool.query(`UPDATE worker SET state = 'LOST' WHERE id = $1`, [uuid(worker.workerId)])
    expect(await beat()).toMatchObject({ state: 'LOST' })
    await rescueLost(graph.engine)
    await (await signOn(graph.url)).claim()
  })

  test('keeps the worker alive, and no longer than a third of its lease in one wait', async () => {
    const worker = await signOn(graph.url, { lease: 'PT3S' })
    const startedAt = performance.now()
    await worker.client.heartbeatWorker({ input: { workerId: worker.workerId, wait: 'PT20S' } })
    expect(performance.now() - startedAt).toBeLessThan(2_500)
    await rescueLost(graph.engine)
    expect((await worker.client.getWorker({ id: worker.workerId }))?.state).toBe('ACTIVE')
  })

  test('gives back what was leased and is left out twice, but not at once', async () => {
    const worker = await signOn(graph.url)
    const [id] = await createWork(graph.engine, {})
    await worker.claim()
    const beat = () => worker.client.heartbeatWorker({ input: { workerId: worker.workerId, held: [] } })
    await beat()
    expect((await rowOf(id!)).status).toBe('RUNNING')
    await beat()
    expect((await rowOf(id!)).status, 'a second look right after the first does not count').toBe('RUNNING')
    await graph.pool.query(`UPDATE task SET claimed_at = claimed_at - interval '10 seconds' WHERE id = $1`, [uuid(id!)])
    await age(worker.workerId)
    await beat()
    expect(await rowOf(id!)).toMatchObject({ status: 'READY', failures: 0 })
    await (await signOn(graph.url)).claim()
  })

  test('without a list gives nothing back', async () => {
    const worker = await signOn(graph.url)
    const [id] = await createWork(graph.engine, {})
    const [task] = await worker.claim()
    const beat = (held?: object[]) =>
      worker.client.heartbeatWorker({ input: { workerId: worker.workerId, ...(held && { held }) } as never })
    await beat([{ taskId: task!.id, epoch: 1 }])
    await graph.pool.query(`UPDATE task SET claimed_at = claimed_at - interval '10 seconds' WHERE id = $1`, [uuid(id!)])
    await age(worker.workerId)
    await beat()
    expect((await rowOf(id!)).status).toBe('RUNNING')
  })
})

describe('signing off', () => {
  test('gives back what the worker holds, at once and as no loss', async () => {
    const worker = await signOn(graph.url)
    const [id] = await createWork(graph.engine, {})
    await worker.claim()
    for (const _ of [1, 2]) {
      expect(await worker.client.stopWorker({ input: { workerId: worker.workerId } })).toMatchObject({
        state: 'STOPPED',
      })
    }
    expect(await rowOf(id!)).toMatchObject({ status: 'READY', version: 3 })
    expect(await countOf(`attempt WHERE task_id = $1 AND outcome = 'RELEASED'`, [uuid(id!)])).toBe(1)
    await (await signOn(graph.url)).claim()
  })
})

describe('roles and tenants', () => {
  test('a key of role WORKER works for its own tenant only, and may not look or drain', async () => {
    const closed = await startGraph({ mode: 'keys' })
    try {
      const mine = await signOn(closed.url, { apiKey: await closed.key('WORKER') })
      const theirs = await signOn(closed.url, { apiKey: await closed.key('WORKER', { tenant: 'other' }) })
      await createWork(closed.engine, {})
      expect(await theirs.claim()).toEqual([])
      const [task] = await mine.claim()
      expect(await theirs.client.completeTask({ input: theirs.own(task!) })).toMatchObject({
        __typename: 'NotFoundError',
      })
      const input = { workerId: mine.workerId, requestId: 'x', types: ['work'], limit: 1 }
      expect(await theirs.client.claimTasks({ input })).toMatchObject({ __typename: 'NotFoundError' })
      expect(await theirs.client.heartbeatWorker({ input: { workerId: mine.workerId } })).toMatchObject({
        __typename: 'NotFoundError',
      })
      await expect(mine.client.drainWorker({ input: { id: mine.workerId } })).rejects.toThrow('OPERATOR')
      await expect(mine.client.listWorkers({})).rejects.toThrow('VIEWER')
      const viewer = await signOn(closed.url, { apiKey: await closed.key('VIEWER') }).catch((error) => error)
      expect(String(viewer)).toContain('WORKER')
    } finally {
      await closed.stop()
    }
  })
})
