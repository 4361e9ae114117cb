import { afterAll, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { type CreatedTasks, createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { newUuid } from '../../src/task/type-id.ts'
import type { UniqueRule } from '../../src/task/unique.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { often, raceOf } from '../support/race.ts'
import { until } from '../support/until.ts'
import { completing } from '../support/verbs.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine, verbs, rowOf } = await engineFixture({ size: 16 })
const race = raceOf(database.pool, engine, verbs)
afterAll(() => expectWholeHistory(database.pool))

async function ask(unique: UniqueRule, task: object = {}, idempotencyKey?: string): Promise<CreatedTasks> {
  const answer = await createTasks(engine, ACTOR, {
    verb: 'createTask',
    tasks: [{ name: 'one', type: 'work', ...task }],
    unique,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  })
  if (!answer.ok) throw new Error(JSON.stringify(answer.refusal))
  return answer.value
}

const idOf = ({ taskIds }: CreatedTasks): string => taskIds[0]!

describe('SINGLETON', () => {
  test('of many at once one is made, and all are answered with it', async () => {
    await often(async () => {
      const rule = { key: newUuid(), mode: 'SINGLETON' } as const
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(rule, { queue: 'none' })))
      expect(new Set(answers.map(idOf)).size).toBe(1)
      expect(answers.filter(({ isStanding }) => !isStanding)).toHaveLength(1)
    })
  })

  test('the next is made when it has ended, and never two while its end is under way', async () => {
    await often(async () => {
      const rule = { key: newUuid(), mode: 'SINGLETON' } as const
      const queue = newUuid()
      const first = await ask(rule, { queue })
      const [task] = await race.claimFrom(queue)
      const [, ...answers] = await Promise.all([
        endAttempts(engine, ACTOR, [completing(task!)]),
        ...Array.from({ length: 4 }, () => ask(rule, { queue: 'none' })),
      ])
      const others = new Set(answers.map(idOf).filter((id) => id !== idOf(first)))
      expect(others.size).toBeLessThanOrEqual(1)
      expect(answers.filter(({ isStanding }) => !isStanding)).toHaveLength(others.size)
      const last = await ask(rule, { queue: 'none' })
      expect(idOf(last)).not.toBe(idOf(first))
      expect(last.isStanding).toBe(others.size === 1)
    })
  })

  test('keys of another type, mode or tenant are others', async () => {
    const key = newUuid()
    const first = await ask({ key, mode: 'SINGLETON' }, { queue: 'none' })
    const answers = [
      await ask({ key, mode: 'SINGLETON' }, { queue: 'none', type: 'other' }),
      await ask({ key, mode: 'THROTTLE', periodMs: 60_000 }, { queue: 'none' }),
    ]
    for (const answer of answers) expect(answer).toMatchObject({ isStanding: false })
    expect(new Set([first, ...answers].map(idOf)).size).toBe(3)
  })

  test('a key whose creation was refused is free', async () => {
    const unique = { key: newUuid(), mode: 'SINGLETON' } as const
    const tasks = [{ name: 'a', type: 'work', parentId: newUuid() }]
    expect(await createTasks(engine, ACTOR, { verb: 'createTask', tasks, unique })).toMatchObject({ ok: false })
    expect(await ask(unique, { queue: 'none' })).toMatchObject({ isStanding: false })
  })

  test('an idempotency key answers with the one that stood', async () => {
    const rule = { key: newUuid(), mode: 'SINGLETON' } as const
    const first = await ask(rule, { queue: 'none' })
    const once = newUuid()
    expect(await ask(rule, { queue: 'none' }, once)).toMatchObject({ taskIds: first.taskIds, isStanding: true })
    await cancelTask(engine, ACTOR, { taskId: idOf(first) })
    expect(await ask(rule, { queue: 'none' }, once)).toMatchObject({ taskIds: first.taskIds, isReplay: true })
    expect(await ask(rule, { queue: 'none' })).toMatchObject({ isStanding: false })
  })
})

describe('THROTTLE', () => {
  test('one is made in a period, whatever becomes of it', async () => {
    const rule = { key: newUuid(), mode: 'THROTTLE', periodMs: 60_000 } as const
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(rule, { queue: 'none' })))
    expect(answers.filter(({ isStanding }) => !isStanding)).toHaveLength(1)
    await cancelTask(engine, ACTOR, { taskId: idOf(answers[0]!) })
    expect(await ask(rule)).toMatchObject({ taskIds: answers[0]!.taskIds, isStanding: true })
  })

  test('the next is made when it is over', async () => {
    const rule = { key: newUuid(), mode: 'THROTTLE', periodMs: 60_000 } as const
    const first = await ask(rule, { queue: 'none' })
    await database.pool.query("UPDATE task_unique_key SET since = since - interval '60 s' WHERE key = $1", [rule.key])
    const second = await ask(rule, { queue: 'none' })
    expect(second).toMatchObject({ isStanding: false })
    expect(idOf(second)).not.toBe(idOf(first))
    expect(await ask(rule, { queue: 'none' })).toMatchObject({ taskIds: second.taskIds, isStanding: true })
  })
})

describe('DEBOUNCE', () => {
  test('each call pushes the start back and brings the input', async () => {
    const rule = { key: newUuid(), mode: 'DEBOUNCE', periodMs: 3_600_000 } as const
    const first = await ask(rule, { input: { call: 0 } })
    const before = await rowOf(idOf(first))
    expect(before).toMatchObject({ status: 'SCHEDULED', input: { call: 0 }, version: 1 })
    await database.pool.query(
      "UPDATE task SET scheduled_for = scheduled_for - interval '1 h', wake_at = wake_at - interval '1 h'",
    )
    await wakeDue(engine)
    expect((await rowOf(idOf(first))).status).toBe('READY')
    expect(await ask(rule, { input: { call: 1 } })).toMatchObject({ taskIds: first.taskIds, isStanding: true })
    const after = await rowOf(idOf(first))
    expect(after).toMatchObject({ status: 'SCHEDULED', input: { call: 1 }, version: 3 })
    expect(after.scheduled_for.getTime()).toBeGreaterThanOrEqual(before.scheduled_for.getTime())
  })

  test('the longest delay holds, and keeps the place in the queue', async () => {
    const rule = { key: newUuid(), mode: 'DEBOUNCE', periodMs: 1, maxDelayMs: 1 } as const
    const first = await ask(rule, { queue: 'none', input: 0 })
    await until(async () => (await wakeDue(engine)) >= 0 && (await rowOf(idOf(first))).status === 'READY')
    const ready = await rowOf(idOf(first))
    await ask(rule, { queue: 'none', input: 1 })
    expect(await rowOf(idOf(first))).toMatchObject({
      status: 'READY',
      input: 1,
      ready_at: ready.ready_at,
      order_key: ready.order_key,
    })
  })

  test('claim × call: the last input is run, by the task that stands or by a new one', async () => {
    await often(async () => {
      const rule = { key: newUuid(), mode: 'DEBOUNCE', periodMs: 1, maxDelayMs: 1 } as const
      const queue = newUuid()
      const first = await ask(rule, { queue, input: 'old' })
      await until(async () => (await wakeDue(engine)) >= 0 && (await rowOf(idOf(first))).status === 'READY')
      const [claimed, answer] = await Promise.all([race.claimFrom(queue), ask(rule, { queue, input: 'new' })])
      const mine = claimed.find(({ id }) => id === idOf(first))
      if (answer.isStanding) expect((await rowOf(idOf(first))).input).toBe('new')
      else expect(mine?.input).toBe('old')
      if (answer.isStanding && mine !== undefined) expect(mine.input).toBe('new')
      expect((await rowOf(idOf(answer))).input).toBe('new')
      for (const id of new Set([idOf(first), idOf(answer)])) await cancelTask(engine, ACTOR, { taskId: id })
    })
  })
})

test('what makes no sense is refused with its place', async () => {
  const refusals: [UniqueRule, object, string][] = [
    [{ key: '', mode: 'SINGLETON' }, {}, 'key'],
    [{ key: 'k', mode: 'SINGLETON', periodMs: 5 }, {}, 'period'],
    [{ key: 'k', mode: 'THROTTLE' }, {}, 'period'],
    [{ key: 'k', mode: 'THROTTLE', periodMs: 0 }, {}, 'period'],
    [{ key: 'k', mode: 'THROTTLE', periodMs: 5, maxDelayMs: 5 }, {}, 'maxDelay'],
    [{ key: 'k', mode: 'DEBOUNCE', periodMs: 5, maxDelayMs: 4 }, {}, 'maxDelay'],
    [{ key: 'k', mode: 'DEBOUNCE', periodMs: 5 }, { scheduledFor: new Date(Date.now() + 1_000) }, 'mode'],
    [{ key: 'k', mode: 'DEBOUNCE', periodMs: 5 }, { dependsOn: [{ taskId: newUuid() }] }, 'mode'],
  ]
  for (const [unique, task, field] of refusals) {
    const tasks = [{ name: 'a', type: 'work', ...task }]
    expect(await createTasks(engine, ACTOR, { verb: 'createTask', tasks, unique })).toMatchObject({
      ok: false,
      refusal: { code: 'VALIDATION', issues: [{ path: ['unique', field] }] },
    })
  }
})
