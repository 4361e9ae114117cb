import { afterAll, describe, expect, test } from 'vitest'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine } = await engineFixture()
afterAll(() => expectWholeHistory(database.pool))

describe('an idempotency key', () => {
  const call = (key: string, name = 'once') => ({ tasks: [{ name, type: 'work', queue: 'none' }], idempotencyKey: key })

  test('of a call that was refused is free again, also while rivals wait for it', async () => {
    const key = newUuid()
    const bad = { ...call(key), tasks: [{ name: 'x', type: 'nonesuch' }] }
    const answers = await Promise.all([
      createTasks(engine, ACTOR, bad),
      createTasks(engine, ACTOR, call(key)),
      createTasks(engine, ACTOR, bad),
      createTasks(engine, ACTOR, call(key)),
    ])
    const made = answers.flatMap((answer) => (answer.ok ? answer.value.taskIds : []))
    expect(new Set(made).size).toBe(1)
    expect(made).toHaveLength(2)
    for (const index of [0, 2]) {
      const answer = answers[index]!
      expect(answer.ok ? '' : answer.refusal.code).toMatch(/UNKNOWN_TASK_TYPE|IDEMPOTENCY_CONFLICT/)
    }
  })

  test('of rivals with different bodies makes one of them, and tells the others which', async () => {
    const key = newUuid()
    const answers = await Promise.all(['a', 'b', 'c', 'a'].map((name) => createTasks(engine, ACTOR, call(key, name))))
    const made = new Set(answers.flatMap((answer) => (answer.ok ? answer.value.taskIds : [])))
    expect(made.size).toBe(1)
    const conflicts = answers.flatMap((answer) => (answer.ok ? [] : [answer.refusal]))
    expect(conflicts.length).toBeGreaterThanOrEqual(2)
    for (const conflict of conflicts) {
      expect(conflict).toEqual({ code: 'IDEMPOTENCY_CONFLICT', key, taskIds: [...made] })
    }
  })

  test('is one per verb and tenant', async () => {
    const key = newUuid()
    const first = await createTasks(engine, ACTOR, { ...call(key), verb: 'createTask' })
    const second = await createTasks(engine, ACTOR, { ...call(key), verb: 'createTasks' })
    expect(first.ok && second.ok && first.value.taskIds[0] !== second.value.taskIds[0]).toBe(true)
  })

  test.each([
    ['empty', ''],
    ['too long', 'x'.repeat(501)],
    ['with a NUL character', 'a\0'],
  ])('%s is refused', async (_what, key) => {
    expect(await createTasks(engine, ACTOR, call(key))).toMatchObject({
      ok: false,
      refusal: { code: 'VALIDATION', issues: [{ path: ['idempotencyKey'] }] },
    })
  })
})
