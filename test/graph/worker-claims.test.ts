import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../../src/sdk/unwrap.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { graphFixture, uuidIn } from '../support/graph-fixture.ts'
import { createWork, signOn } from '../support/graph-worker.ts'
import { until } from '../support/until.ts'

const { graph, rowOf, countOf } = await graphFixture()

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
    expect(await countOf('attempt WHERE task_id = ANY($1)', [first.map(({ id }) => uuidIn(id))])).toBe(2)
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
      await countOf(`task WHERE id = ANY($1) AND status = 'RUNNING'`, [ids.map(uuidIn)]),
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
