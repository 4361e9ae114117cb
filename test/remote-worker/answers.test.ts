import { describe, expect, test } from 'vitest'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { createClient } from '../../src/sdk/client.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import { remoteWorkerFixture } from '../support/remote-worker-fixture.ts'
import { until } from '../support/until.ts'

const { graph, newWorker, create, rowOf, ended } = await remoteWorkerFixture()

describe('a handler over the graph', () => {
  test('parks for an event, and gets its answer, or hears that none came', async () => {
    const worker = newWorker()
    worker.handle('work', {}, ({ input }, { lease }) => {
      const { key, timeoutMs } = input as { key: string; timeoutMs?: number }
      const answer = lease.answerTo<{ total: number }>(key)
      if (answer === null)
        return lease.park({
          key,
          condition: 'payload.total > 5',
          lookBackMs: 60_000,
          ...(timeoutMs !== undefined && { timeoutMs }),
        })
      const { at, ...rest } = answer
      return { ...rest, isDate: at instanceof Date, count: lease.answers.length }
    })
    await worker.start()
    const send = async (key: string, total: number) =>
      unwrap(await createClient({ url: graph.url }).sendEvent({ input: { key, payload: { total } } }))
    const [waits] = await create({ input: { key: 'order' } })
    await until(async () => (await rowOf(waits!)).status === 'WAITING')
    await send('order', 1)
    const { event } = await send('order', 7)
    expect(await ended(waits!)).toMatchObject({
      attempt: 1,
      output: {
        outcome: 'ANSWERED',
        key: 'order',
        payload: { total: 7 },
        eventId: event.id,
        sender: 'anonymous',
        isDate: true,
        count: 1,
      },
    })
    const [timed] = await create({ input: { key: 'never', timeoutMs: 50 } })
    await until(async () => (await rowOf(timed!)).status === 'WAITING')
    await until(async () => {
      await wakeDue(graph.engine)
      return (await rowOf(timed!)).status !== 'WAITING'
    })
    expect(await ended(timed!)).toMatchObject({
      status: 'COMPLETED',
      output: { outcome: 'TIMED_OUT', key: 'never', isDate: true, count: 1 },
    })
    // What came before the task was there.
    await send('early', 9)
    const [late] = await create({ input: { key: 'early' } })
    expect(await ended(late!)).toMatchObject({ attempt: 1, output: { payload: { total: 9 } } })
  })

  test('fails an attempt that parks for what cannot be waited for', async () => {
    const worker = newWorker()
    worker.handle('work', { defaults: { retry: { maxAttempts: 1 } } }, ({ input }, { lease }) =>
      lease.park(input as object),
    )
    await worker.start()
    for (const [input, message] of [
      [{ key: '' }, 'key is empty'],
      [{ key: 'k'.repeat(501) }, 'key has 501 characters'],
      [{ key: 'k', condition: 'payload.' }, 'condition is no expression over the event'],
      [{ key: 'k', condition: 'nobody == 1' }, 'condition is no expression over the event'],
      [{ condition: 'true', timeoutMs: 5 }, 'key is missing'],
      [{ key: 'k', timeoutMs: -1 }, 'timeoutMs is not between'],
      [{}, 'park needs a time, a key, or both'],
    ] as const) {
      const [id] = await create({ input })
      expect(await ended(id!)).toMatchObject({
        status: 'FAILED',
        error: { code: 'HANDLER_ERROR', message: expect.stringContaining(message) },
      })
    }
  })
})
