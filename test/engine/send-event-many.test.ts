import { describe, expect, test } from 'vitest'
import { answerRest } from '../../src/engine/answer-rest.ts'
import { deleteFinishedTasks } from '../../src/engine/delete-finished-tasks.ts'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { ACTOR, testEngine } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { failingPool } from '../support/failing-pool.ts'
import { completing, parkingEnd } from '../support/verbs.ts'
import { forgetAll, openWaitProblems } from '../support/waits.ts'

const { database, engine, verbs } = await engineFixture()

/** Tasks that wait for a key, as many as asked. */
async function waiting(count: number, key: string): Promise<void> {
  for (let made = 0; made < count; made += 1_000) {
    const size = Math.min(1_000, count - made)
    await verbs.create(...Array.from({ length: size }, () => ({ type: 'work' })))
    const tasks = await verbs.claim(size)
    await endAttempts(
      engine,
      ACTOR,
      tasks.map((task) => parkingEnd(task, null, key)),
    )
  }
}

async function countOf(status: string): Promise<number> {
  const { rows } = await database.pool.query('SELECT count(*)::int AS count FROM task WHERE status = $1', [status])
  return rows[0].count
}

describe('10,001 tasks that wait for one key', () => {
  test('go on with one event, in bounded time and statements; none is left when the sender dies between', async () => {
    await waiting(10_001, 'gate')
    await database.pool.query('ANALYZE')
    // It dies after the first transaction: right before the BEGIN of the second.
    const dry = failingPool(database.url, database.pool, null)
    const begun = performance.now()
    const sent = await sendEvent(testEngine(dry.pool), ACTOR, { key: 'gate', payload: { open: true } })
    const tookMs = performance.now() - begun
    expect(sent).toMatchObject({ value: { woken: 10_001 } })
    expect(await countOf('READY')).toBe(10_001)
    // 21 batches of 500 rows, two statements each, and what surrounds them in two transactions.
    expect(dry.statements.length).toBeLessThan(80)
    expect(tookMs).toBeLessThan(15_000)
    expect(await openWaitProblems(database.pool)).toEqual([])
    if (process.env.SHOW_FIGURES !== undefined) console.log({ tookMs, statements: dry.statements.length })

    await forgetAll(database.pool)
    await waiting(10_001, 'gate')
    const second = dry.statements.findLastIndex((text) => text.startsWith('BEGIN')) + 1
    const cut = failingPool(database.url, database.pool, { statement: second, when: 'before' })
    await expect(sendEvent(testEngine(cut.pool), ACTOR, { key: 'gate', id: 'once' })).rejects.toThrow()
    expect(await countOf('READY')).toBe(10_000)
    expect(await answerRest(engine)).toBe(1)
    expect(await countOf('READY')).toBe(10_001)
    expect(await sendEvent(engine, ACTOR, { key: 'gate', id: 'once' })).toMatchObject({
      value: { isRepeat: true, woken: 10_001 },
    })
    expect(await openWaitProblems(database.pool)).toEqual([])
    await Promise.all([dry.end(), cut.end()])
    await forgetAll(database.pool)
  }, 120_000)
})

describe('retention of events', () => {
  const signal = new AbortController().signal
  const inAnHour = (): Date => new Date(Date.now() + 3_600_000)
  const idsLeft = async () => (await database.pool.query('SELECT key FROM received_event ORDER BY key')).rows

  test('deletes what is old, and keeps an answer until its task goes', async () => {
    await sendEvent(engine, ACTOR, { key: 'nobody', id: 'a' })
    await waiting(1, 'somebody')
    await sendEvent(engine, ACTOR, { key: 'somebody', payload: 1 })
    expect(await deleteLeftovers(engine, 'received events', { before: new Date(0), signal })).toBe(0)
    expect(await deleteLeftovers(engine, 'received events', { before: inAnHour(), signal })).toBe(1)
    expect(await idsLeft()).toEqual([{ key: 'somebody' }])
    // A forgotten id may be used again.
    expect(await sendEvent(engine, ACTOR, { key: 'other', id: 'a' })).toMatchObject({ ok: true })
    const [task] = await verbs.claim()
    expect(task!.answers).toMatchObject([{ payload: 1 }])
    await endAttempts(engine, ACTOR, [completing(task!)])
    expect(await deleteFinishedTasks(engine, { before: inAnHour(), signal })).toBe(1)
    expect(await deleteLeftovers(engine, 'received events', { before: inAnHour(), signal })).toBe(2)
    expect((await database.pool.query('SELECT FROM event_wait')).rowCount).toBe(0)
  })

  test('the database refuses to lose the payload of an answer', async () => {
    await waiting(1, 'kept')
    await sendEvent(engine, ACTOR, { key: 'kept' })
    await expect(database.pool.query('DELETE FROM received_event')).rejects.toThrow('event_wait_tenant_event_id_fkey')
    await forgetAll(database.pool)
  })
})
