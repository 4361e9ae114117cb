import { describe, expect, test } from 'vitest'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { graphFixture, uuidIn } from '../support/graph-fixture.ts'
import { createWork, signOn } from '../support/graph-worker.ts'

const { graph, rowOf, countOf } = await graphFixture()

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
    expect(await countOf('task_log WHERE task_id = $1', [uuidIn(task.id)])).toBe(0)
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
      [uuidIn(one!.id)],
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
