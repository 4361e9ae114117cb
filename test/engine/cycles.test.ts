import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTasks } from '../../src/engine/create-tasks.ts'
import type { NewDependency, NewTask } from '../../src/task/new-task.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'

const { database, engine, verbs } = await engineFixture({ size: 16 })

/** Tasks that lead back to themselves by dependencies or by parents. */
async function onCycles(): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    `WITH RECURSIVE edge AS (
      SELECT task_id AS child, depends_on_id AS other FROM task_dependency
      UNION ALL SELECT id, parent_id FROM task WHERE parent_id IS NOT NULL
    ), reached AS (
      SELECT child, other FROM edge UNION SELECT r.child, e.other FROM reached AS r JOIN edge AS e ON e.child = r.other
    ) SELECT child AS id FROM reached WHERE child = other`,
  )
  return rows.map(({ id }) => id)
}

/** Tasks of one call that depend on each other at random, forwards and backwards. */
const calls = fc.array(fc.array(fc.nat({ max: 5 }), { maxLength: 3 }), { minLength: 1, maxLength: 6 })

function tasksOf(call: readonly number[][], known: readonly string[]): NewTask[] {
  return call.map((sources, index) => ({
    key: `k${index}`,
    name: 'x',
    type: 'work',
    queue: 'none',
    ...(known.length > 0 && { parentId: known[index % known.length]! }),
    dependsOn: targetsOf(sources, call.length, known),
  }))
}

/** Numbers beyond the call name tasks that exist; none is named twice. */
function targetsOf(sources: readonly number[], size: number, known: readonly string[]): NewDependency[] {
  const keys = sources.filter((source) => source < size).map((source) => `k${source}`)
  const ids = sources.filter((source) => source >= size).map((source) => known[source % known.length]!)
  return [...[...new Set(keys)].map((key) => ({ key })), ...[...new Set(ids)].map((taskId) => ({ taskId }))]
}

describe('no call makes a cycle', () => {
  test('however many are made at once, on each other’s tasks', async () => {
    const known = await verbs.create({ queue: 'none' }, { queue: 'none' })
    await fc.assert(
      fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 6 }), async (rivals) => {
        const answers = await Promise.all(
          rivals.map((call) => createTasks(engine, ACTOR, { tasks: tasksOf(call, known) })),
        )
        for (const [index, answer] of answers.entries()) {
          const hasCycle = hasLocalCycle(rivals[index]!)
          expect(answer.ok).toBe(!hasCycle)
          if (answer.ok) known.push(answer.value.taskIds[0]!)
          else expect(answer.refusal.code).toBe('DEPENDENCY_CYCLE')
        }
      }),
      { numRuns: 30 },
    )
    expect(await onCycles()).toEqual([])
  })

  test('of any length', async () => {
    const length = 5_000
    const tasks = Array.from({ length }, (_, index) => ({
      key: `k${index}`,
      name: 'x',
      type: 'work',
      dependsOn: [{ key: `k${(index + 1) % length}` }],
    }))
    const answer = await createTasks(engine, ACTOR, { tasks })
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'DEPENDENCY_CYCLE' } })
    if (!answer.ok && answer.refusal.code === 'DEPENDENCY_CYCLE') expect(answer.refusal.cycle).toHaveLength(length + 1)
  })

  test('on a task that is made meanwhile: it has no id to be named by', async () => {
    const tasks = [{ name: 'x', type: 'work', dependsOn: [{ taskId: newUuid() }] }]
    expect(await createTasks(engine, ACTOR, { tasks })).toMatchObject({ ok: false, refusal: { code: 'NOT_FOUND' } })
  })
})

describe('the database keeps what a task was born with', () => {
  test('its dependencies and its parent', async () => {
    const [first, second] = await verbs.create({ queue: 'none' }, { queue: 'none' })
    const child = await verbs.createOne({ queue: 'none', parentId: first!, dependsOn: [{ taskId: first! }] })
    const rewire = [
      database.pool.query('UPDATE task_dependency SET depends_on_id = $1 WHERE task_id = $2', [second, child]),
      database.pool.query('UPDATE task_dependency SET task_id = $1 WHERE task_id = $2', [second, child]),
      database.pool.query('UPDATE task SET parent_id = $1 WHERE id = $2', [child, first]),
    ]
    for (const outcome of await Promise.allSettled(rewire)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '23001' } })
    }
    expect(await onCycles()).toEqual([])
  })
})

/** By trying: whether some task of a call can never come before those it waits for. */
function hasLocalCycle(call: readonly number[][]): boolean {
  const done = new Set<number>()
  for (let before = -1; before < done.size; ) {
    before = done.size
    for (const [index, sources] of call.entries()) {
      if (sources.every((source) => source >= call.length || done.has(source))) done.add(index)
    }
  }
  return done.size < call.length
}
