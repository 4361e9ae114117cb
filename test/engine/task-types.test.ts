import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'

const { database, engine } = await engineFixture()

const addType = (name: string) => database.pool.query('INSERT INTO task_type (name) VALUES ($1)', [name])
const create = (type: string) => createTasks(engine, ACTOR, { tasks: [{ name: 'a', type }] })

test('a type with tasks is neither deleted nor renamed; one without is', async () => {
  await addType('kept')
  expect((await create('kept')).ok).toBe(true)
  const problem = { code: '23503', constraint: 'task_type_is_kept', message: expect.stringContaining('"kept"') }
  await expect(database.pool.query(`DELETE FROM task_type WHERE name = 'kept'`)).rejects.toMatchObject(problem)
  await expect(database.pool.query(`UPDATE task_type SET name = 'renamed' WHERE name = 'kept'`)).rejects.toMatchObject(
    problem,
  )
  await database.pool.query(`UPDATE task_type SET description = 'what it does' WHERE name = 'kept'`)
  await database.pool.query('DELETE FROM task')
  await database.pool.query(`DELETE FROM task_type WHERE name = 'kept'`)
})

test('a task and the end of its type race: a task never stands without its type', async () => {
  let made = 0
  for (let round = 0; round < 60; round++) {
    const type = `racing_${round}`
    await addType(type)
    const [created, deleted] = await Promise.all([
      create(type),
      database.pool.query('DELETE FROM task_type WHERE name = $1', [type]).then(
        () => true,
        (error) => {
          expect(error).toMatchObject({ constraint: 'task_type_is_kept' })
          return false
        },
      ),
    ])
    if (!created.ok) expect(created.refusal.code).toBe('UNKNOWN_TASK_TYPE')
    expect([created.ok, deleted]).toContain(true)
    expect(created.ok && deleted).toBe(false)
    if (created.ok) made++
  }
  const orphans = `SELECT FROM task t WHERE NOT EXISTS (SELECT FROM task_type y WHERE y.tenant = t.tenant AND y.name = t.type)`
  expect((await database.pool.query(orphans)).rowCount).toBe(0)
  expect(made).toBeGreaterThan(0)
})

test('whoever deletes a type waits for who is making a task of it, and sees it then', async () => {
  await addType('awaited')
  const other = await create('work')
  if (!other.ok) throw new Error(other.refusal.code)
  const [dependsOnId] = other.value.taskIds
  const rival = await database.pool.connect()
  try {
    await rival.query('BEGIN')
    await rival.query('SELECT FROM task WHERE id = $1 FOR UPDATE', [dependsOnId])
    // It has read its type, and waits for the task that it depends on.
    const task = { name: 'a', type: 'awaited', dependsOn: [{ taskId: dependsOnId! }] }
    const created = createTasks(engine, ACTOR, { tasks: [task] })
    await delay(100)
    const deleted = database.pool.query(`DELETE FROM task_type WHERE name = 'awaited'`)
    const refused = expect(deleted).rejects.toMatchObject({ constraint: 'task_type_is_kept' })
    await delay(100)
    await rival.query('COMMIT')
    expect(await created).toMatchObject({ ok: true })
    await refused
  } finally {
    rival.release()
  }
})
