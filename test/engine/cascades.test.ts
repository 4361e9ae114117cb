import { afterEach, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { settleRest } from '../../src/engine/settle-rest.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { ACTOR, testEngine } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { failingPool } from '../support/failing-pool.ts'
import { readHistory } from '../support/read-history.ts'
import { sized } from '../support/size.ts'
import { historyProblems } from '../support/task-history.ts'
import { completing, failingEnd } from '../support/verbs.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const LENGTH = sized(2_500, 10_000)
/** A transaction of a cascade must stay short; this is far above what it takes on a busy machine. */
const LONGEST_TRANSACTION_MS = 10_000

const { database, engine, verbs } = await engineFixture({ size: 16 })
afterEach(async () => {
  await expectWholeHistory(database.pool)
  for (const table of ['task', 'event']) await database.pool.query(`DELETE FROM "${table}"`)
})

const chainBehind = (first: string, length: number): Partial<NewTask>[] =>
  Array.from({ length }, (_, index) => ({
    key: `k${index}`,
    queue: 'none',
    dependsOn: [index === 0 ? { taskId: first } : { key: `k${index - 1}` }],
  }))

async function countByStatus(): Promise<Record<string, number>> {
  const { rows } = await database.pool.query('SELECT status, count(*)::int FROM task GROUP BY 1')
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

async function timed<Value>(work: Promise<Value>): Promise<{ value: Value; ms: number }> {
  const startedAt = performance.now()
  const value = await work
  return { value, ms: performance.now() - startedAt }
}

async function openNotes(): Promise<number> {
  const { rows } = await database.pool.query('SELECT count(*)::int FROM unsettled_task')
  return rows[0].count
}

describe('a long cascade', () => {
  test(`through a chain of ${LENGTH} goes on in batches`, async () => {
    const first = await verbs.createOne({ queue: 'none' })
    await verbs.create(...chainBehind(first, LENGTH))
    engine.rung.length = 0
    const cancelled = await timed(cancelTask(engine, ACTOR, { taskId: first }))
    expect(engine.rung).toContain('unsettled')
    expect((await countByStatus()).PENDING).toBeGreaterThan(0)
    const rest = await timed(settleRest(engine))
    expect(await countByStatus()).toEqual({ CANCELLED: 1, SKIPPED: LENGTH })
    expect(await openNotes()).toBe(0)
    expect(cancelled.ms).toBeLessThan(LONGEST_TRANSACTION_MS)
    expect(rest.ms / rest.value).toBeLessThan(LONGEST_TRANSACTION_MS)
  })

  test(`from one task to ${LENGTH} goes on in batches, also when they become ready`, async () => {
    const [first, failing] = await verbs.create({}, {})
    const rule = (taskId: string) =>
      Array.from({ length: LENGTH }, () => ({ queue: 'none', dependsOn: [{ taskId, onUnmet: 'FAIL' as const }] }))
    await verbs.create(...rule(first!))
    await verbs.create(...rule(failing!))
    const tasks = await verbs.claim()
    const ended = await timed(endAttempts(engine, ACTOR, [completing(tasks[0]!), failingEnd(tasks[1]!, false)]))
    expect(ended.ms).toBeLessThan(LONGEST_TRANSACTION_MS)
    const rest = await timed(settleRest(engine))
    expect(await countByStatus()).toEqual({ COMPLETED: 1, FAILED: 1 + LENGTH, READY: LENGTH })
    expect(rest.ms / rest.value).toBeLessThan(LONGEST_TRANSACTION_MS)
  })

  test.each(['COMPLETION', 'DATA'] as const)(
    `of ${LENGTH} tasks onto one by %s lets it go with the last`,
    async (kind) => {
      const ids = await verbs.create(...Array.from({ length: LENGTH }, () => ({})))
      const dependsOn = ids.map((taskId, at) => ({ taskId, kind, ...(kind === 'DATA' && { inputField: `f${at}` }) }))
      const join = await verbs.createOne({ queue: 'none', dependsOn })
      let claimed = 0
      const work = async (): Promise<void> => {
        for (let tasks = await verbs.claim(100); tasks.length > 0; tasks = await verbs.claim(100)) {
          claimed += tasks.length
          const ends = tasks.map((task) => completing(task, '{"rows":1}'))
          await endAttempts(engine, ACTOR, ends)
        }
      }
      await Promise.all([work(), work(), work(), work()])
      expect(claimed).toBe(LENGTH)
      expect(await countByStatus()).toEqual({ COMPLETED: LENGTH, READY: 1 })
      const { rows } = await database.pool.query('SELECT input FROM task WHERE id = $1', [join])
      expect(Object.keys(rows[0].input ?? {})).toHaveLength(kind === 'DATA' ? LENGTH : 0)
    },
  )

  test('cancelled as a whole', async () => {
    const first = await verbs.createOne({ queue: 'none' })
    await verbs.create(...chainBehind(first, LENGTH))
    const cancelled = await timed(
      cancelTask(engine, ACTOR, { taskId: first, cascade: { children: true, dependents: true } }),
    )
    const rest = await timed(settleRest(engine))
    expect(await countByStatus()).toEqual({ CANCELLED: LENGTH + 1 })
    expect(cancelled.ms).toBeLessThan(LONGEST_TRANSACTION_MS)
    expect(rest.ms / rest.value).toBeLessThan(LONGEST_TRANSACTION_MS)
  })
})

describe('a cascade under way', () => {
  test('goes on whatever breaks off, with any number of processes', async () => {
    const first = await verbs.createOne({ queue: 'none' })
    await verbs.create(...chainBehind(first, 4_500))
    await cancelTask(engine, ACTOR, { taskId: first })
    for (let statement = 1; statement <= 11; statement++) {
      const { pool, end } = failingPool(database.url, database.pool, {
        statement,
        when: statement % 2 === 0 ? 'after' : 'before',
      })
      await expect(settleRest(testEngine(pool))).rejects.toThrow()
      await end()
      const problems = historyProblems(await readHistory(database.pool))
      expect(problems.filter((problem) => !problem.includes('still waits'))).toEqual([])
    }
    await Promise.all([settleRest(engine), settleRest(engine), settleRest(engine)])
    expect(await settleRest(engine)).toBe(0)
    expect(await countByStatus()).toEqual({ CANCELLED: 1, SKIPPED: 4_500 })
  })

  test('meets new dependents, cancels and retries', async () => {
    const first = await verbs.createOne({ queue: 'none' })
    const chain = await verbs.create(...chainBehind(first, 1_800))
    await cancelTask(engine, ACTOR, { taskId: first })
    const [, , , late] = await Promise.all([
      settleRest(engine),
      settleRest(engine),
      cancelTask(engine, ACTOR, { taskId: chain[1_500]! }),
      Promise.all(
        [1_100, 1_300, 1_700, 1_799].map((at) =>
          createTasks(engine, ACTOR, {
            tasks: [{ name: 'late', type: 'work', queue: 'none', dependsOn: [{ taskId: chain[at]! }] }],
          }),
        ),
      ),
      retryTask(engine, ACTOR, { taskId: chain[10]! }),
    ])
    await settleRest(engine)
    expect(late.map((answer) => answer.ok)).toEqual([true, true, true, true])
    const { rows } = await database.pool.query("SELECT status, count(*)::int FROM task WHERE name = 'late' GROUP BY 1")
    expect(rows).toEqual([{ status: 'SKIPPED', count: 4 }])
    expect((await countByStatus()).PENDING).toBeUndefined()
  })

  test('leaves those alone whose dependency was retried before they were told', async () => {
    const [first] = await verbs.create({})
    await verbs.create(...Array.from({ length: 1_500 }, () => ({ queue: 'none', dependsOn: [{ taskId: first! }] })))
    const [task] = await verbs.claim()
    await endAttempts(engine, ACTOR, [failingEnd(task!, false)])
    await retryTask(engine, ACTOR, { taskId: first! })
    await settleRest(engine)
    expect(await countByStatus()).toEqual({ READY: 1, PENDING: 500, SKIPPED: 1_000 })
    const [again] = await verbs.claim()
    await endAttempts(engine, ACTOR, [completing(again!)])
    await settleRest(engine)
    expect(await countByStatus()).toEqual({ COMPLETED: 1, READY: 500, SKIPPED: 1_000 })
  })
})
