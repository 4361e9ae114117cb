import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { ACTOR } from '../support/engine.ts'
import { startGraph } from '../support/graph.ts'
import { graphFixture, uuidIn } from '../support/graph-fixture.ts'
import { createWork, signOn } from '../support/graph-worker.ts'

const { graph, rowOf, countOf } = await graphFixture()
/** Ages what a worker was leased and listed, so that a test need not wait. */
const age = (workerId: string) =>
  graph.pool.query(`UPDATE worker SET listed_at = listed_at - interval '6 seconds' WHERE id = $1`, [uuidIn(workerId)])

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
    await cancelTask(graph.engine, ACTOR, { taskId: uuidIn(id!) })
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
    await graph.pool.query(`UPDATE worker SET state = 'LOST' WHERE id = $1`, [uuidIn(worker.workerId)])
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
    await graph.pool.query(`UPDATE task SET claimed_at = claimed_at - interval '10 seconds' WHERE id = $1`, [
      uuidIn(id!),
    ])
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
    await graph.pool.query(`UPDATE task SET claimed_at = claimed_at - interval '10 seconds' WHERE id = $1`, [
      uuidIn(id!),
    ])
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
    expect(await countOf(`attempt WHERE task_id = $1 AND outcome = 'RELEASED'`, [uuidIn(id!)])).toBe(1)
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
