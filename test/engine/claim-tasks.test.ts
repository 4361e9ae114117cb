import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { TASK_PRIORITIES } from '../../src/task/status.ts'
import { lockTasks } from '../../src/task/store/lock-tasks.ts'
import type { TaskState } from '../../src/task/task-state.ts'
import { transition } from '../../src/task/transition.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { writeWorkerState } from '../../src/worker/store/workers.ts'
import { addWorker } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { sized } from '../support/size.ts'
import { insertStates, readStates } from '../support/task-rows.ts'
import { births, steps, walk } from '../support/task-walk.ts'

const { database, engine, verbs } = await engineFixture()

/** READY tasks as any history may leave them: parked and resumed, retried by hand, failed before. */
const readyStates = fc
  .tuple(births, fc.array(steps, { maxLength: 25, size: 'max' }))
  .map(([birth, path]): TaskState => walk(birth, path).end)
  .filter(({ status }) => status === 'READY')

describe('the claim in SQL', () => {
  test('makes of every READY task exactly what the pure move does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(readyStates, { minLength: 1, maxLength: 20, size: 'max' }), async (drawn) => {
        await database.pool.query('DELETE FROM task')
        const states = drawn.map((state): TaskState => ({ ...state, id: newUuid() }))
        await insertStates(database.pool, states)
        const asked = { tenant: 'default', workerId: verbs.workerId, queue: 'default', types: ['work'], limit: 100 }
        const { tasks: claimed } = await claimTasks(engine, asked)
        expect(claimed.map(({ id }) => id).sort()).toEqual(states.map(({ id }) => id).sort())
        const rows = await readStates(
          database.pool,
          states.map(({ id }) => id),
        )
        const { rows: attempts } = await database.pool.query('SELECT * FROM attempt WHERE finished_at IS NULL')
        for (const before of states) {
          const row = rows.get(before.id)!
          const decided = transition(before, { kind: 'claim', workerId: verbs.workerId }, row.claimedAt!, 0)
          if (decided.kind !== 'moved') throw new Error(decided.kind)
          expect(row).toEqual(decided.state)
          const { attempt, epoch, version, wakeAt } = row
          expect(claimed.find(({ id }) => id === before.id)).toMatchObject({ attempt, epoch, version, wakeAt })
          expect(attempts.find(({ task_id }) => task_id === before.id)).toMatchObject({
            number: attempt,
            epoch,
            worker_id: verbs.workerId,
            outcome: null,
          })
          const { rows: events } = await database.pool.query('SELECT * FROM event WHERE task_id = $1', [before.id])
          expect(events).toMatchObject([
            {
              kind: decided.event.kind,
              payload: decided.event.payload,
              version,
              status: 'RUNNING',
              attempt,
              task_type: 'work',
            },
          ])
        }
      }),
      { numRuns: sized(40, 2_000) },
    )
  })

  test('hands out in the order of the keys, over all served types', async () => {
    const queue = newUuid()
    const asked = Array.from({ length: 30 }, (_, index) => ({
      queue,
      type: index % 2 ? 'work' : 'other',
      priority: TASK_PRIORITIES[index % 5]!,
    }))
    const ids = await verbs.create(...asked)
    const { rows } = await database.pool.query(
      'SELECT id, order_key FROM task WHERE queue = $1 ORDER BY order_key, id',
      [queue],
    )
    const taken: string[] = []
    for (let round = 0; round < 10; round++) {
      const { workerId } = verbs
      const { tasks } = await claimTasks(engine, {
        tenant: 'default',
        workerId,
        queue,
        types: ['work', 'other', 'work'],
        limit: 4,
      })
      taken.push(...tasks.map(({ id }) => id))
    }
    expect(taken).toEqual(rows.map(({ id }) => id))
    expect(taken).toHaveLength(ids.length)
  })

  test.each(['DRAINING', 'STOPPED'] as const)('gives nothing to a worker that is %s', async (state) => {
    const queue = newUuid()
    await verbs.createOne({ queue })
    const workerId = await addWorker(engine, ['work'])
    await writeWorkerState(database.pool, 'default', workerId, state)
    const request = { tenant: 'default', queue, types: ['work'], limit: 1 }
    expect((await claimTasks(engine, { ...request, workerId })).tasks).toEqual([])
    expect((await claimTasks(engine, { ...request, workerId: newUuid() })).tasks).toEqual([])
    expect((await claimTasks(engine, { ...request, workerId: verbs.workerId })).tasks).toHaveLength(1)
  })

  test('passes by what another transaction holds, and takes what comes after', async () => {
    const queue = newUuid()
    const [held, next] = await verbs.create({ queue }, { queue })
    const rival = await database.pool.connect()
    try {
      await rival.query('BEGIN')
      await lockTasks(rival, 'default', [held!])
      const request = { tenant: 'default', workerId: verbs.workerId, queue, types: ['work'], limit: 1 }
      expect(await claimTasks(engine, request)).toMatchObject({ tasks: [{ id: next }], hasMore: true })
      expect(await claimTasks(engine, request)).toEqual({ tasks: [], hasMore: true })
      await rival.query('ROLLBACK')
      expect(await claimTasks(engine, request)).toMatchObject({ tasks: [{ id: held }], hasMore: false })
      expect(await claimTasks(engine, request)).toEqual({ tasks: [], hasMore: false })
    } finally {
      rival.release()
    }
  })

  test('serves its own queue, its own types and no tenant but its own', async () => {
    const queue = newUuid()
    const id = await verbs.createOne({ queue, type: 'other' })
    const request = { tenant: 'default', workerId: verbs.workerId, queue, types: ['work'], limit: 9 }
    const nothing = { tasks: [], hasMore: false }
    expect(await claimTasks(engine, request)).toEqual(nothing)
    expect(await claimTasks(engine, { ...request, types: [] })).toEqual(nothing)
    expect(await claimTasks(engine, { ...request, types: ['other'], queue: newUuid() })).toEqual(nothing)
    expect(await claimTasks(engine, { ...request, types: ['other'], tenant: 'stranger' })).toEqual(nothing)
    expect(await claimTasks(engine, { ...request, types: ['other'] })).toMatchObject({ tasks: [{ id }] })
  })
})
