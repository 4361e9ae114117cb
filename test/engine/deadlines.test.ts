import { afterEach, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { missDeadlines } from '../../src/engine/miss-deadlines.ts'
import { updateTask } from '../../src/engine/update-task.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { completing } from '../support/verbs.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine, verbs } = await engineFixture()
afterEach(async () => {
  await expectWholeHistory(database.pool)
  await database.pool.query('DELETE FROM task')
  await database.pool.query('DELETE FROM event')
})

const deadline = new Date(Date.now() + 3_600_000)

/** Makes tasks with a deadline that then has passed. */
async function late(count: number, fields: object = {}): Promise<string[]> {
  const ids = await verbs.create(...Array.from({ length: count }, () => ({ deadline, ...fields })))
  await database.pool.query(`UPDATE task SET deadline = now() - interval '1 s' WHERE id = ANY ($1)`, [ids])
  return ids
}

async function announced(): Promise<{ id: string; version: number }[]> {
  const { rows } = await database.pool.query(
    `SELECT task_id AS id, version FROM event WHERE kind = 'TaskDeadlineMissed' ORDER BY id`,
  )
  return rows
}

test('tasks whose deadline passes are flagged and announced once, whoever looks', async () => {
  const ids = await late(700)
  await verbs.create({}, { deadline })
  const found = await Promise.all([1, 2, 3, 4].map(() => missDeadlines(engine)))
  // A rival may have held what one of them wanted to see.
  const rest = await missDeadlines(engine)
  expect(found.reduce((sum, count) => sum + count, rest)).toBe(700)
  expect(new Set((await announced()).map(({ id }) => id))).toEqual(new Set(ids))
  expect(await announced()).toHaveLength(700)
  const { rows } = await database.pool.query('SELECT count(*)::int AS n FROM task WHERE deadline_missed_at IS NOT NULL')
  expect(rows[0].n).toBe(700)
  expect(engine.rung).toContain('events')
})

test('a running task goes on, and its end is taken as before', async () => {
  await late(1)
  const [task] = await verbs.claim()
  expect(await missDeadlines(engine)).toBe(1)
  expect(await endAttempts(engine, ACTOR, [completing(task!)])).toMatchObject([{ ok: true }])
})

test('a task that has ended is late for nothing', async () => {
  const [id] = await late(1)
  await cancelTask(engine, ACTOR, { taskId: id! })
  expect(await missDeadlines(engine)).toBe(0)
})

test('a new deadline takes the flag back, and can be missed anew', async () => {
  const [id] = await late(1)
  await missDeadlines(engine)
  await updateTask(engine, ACTOR, { taskId: id!, update: { deadline } })
  const { rows } = await database.pool.query('SELECT deadline_missed_at FROM task WHERE id = $1', [id])
  expect(rows[0].deadline_missed_at).toBeNull()
  await database.pool.query(`UPDATE task SET deadline = now() - interval '1 s' WHERE id = $1`, [id])
  expect(await missDeadlines(engine)).toBe(1)
  expect((await announced()).map(({ version }) => version)).toEqual([2, 4])
})
