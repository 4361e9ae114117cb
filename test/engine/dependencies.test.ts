import { afterAll, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { completing, failingEnd } from '../support/verbs.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine, verbs, rowOf } = await engineFixture()
afterAll(() => expectWholeHistory(database.pool))

/** A task that has ended: with an output, or with a failure. */
async function ended(output: string | null | 'fails' = null): Promise<string> {
  const id = await verbs.createOne({ retry: { maxAttempts: 1 } })
  const [task] = await verbs.claim()
  await endAttempts(engine, ACTOR, [output === 'fails' ? failingEnd(task!) : completing(task!, output)])
  return id
}

describe('a DATA dependency', () => {
  test('puts the outputs into fields of the input when the last has come, also of what had ended before', async () => {
    const before = await ended('{"rows":2}')
    const running = await verbs.createOne()
    const [task] = await verbs.claim()
    const id = await verbs.createOne({
      queue: 'none',
      input: { own: true, old: 'overwritten' },
      dependsOn: [
        { taskId: before, kind: 'DATA', inputField: 'old' },
        { taskId: running, kind: 'DATA', inputField: 'new' },
      ],
    })
    expect(await rowOf(id)).toMatchObject({
      status: 'PENDING',
      waiting_on: 1,
      input: { own: true, old: 'overwritten' },
    })
    await endAttempts(engine, ACTOR, [completing(task!, '[1,2]')])
    expect(await rowOf(id)).toMatchObject({ status: 'READY', input: { own: true, old: { rows: 2 }, new: [1, 2] } })
  })

  test('is merged whichever dependency settles last', async () => {
    const fed = await ended('1')
    const last = await verbs.createOne()
    const [task] = await verbs.claim()
    const dependsOn = [{ taskId: fed, kind: 'DATA' as const, inputField: 'x' }, { taskId: last }]
    const id = await verbs.createOne({ queue: 'none', dependsOn })
    await endAttempts(engine, ACTOR, [completing(task!)])
    expect(await rowOf(id)).toMatchObject({ status: 'READY', input: { x: 1 } })
  })

  test('on a task without an output gives null, and makes an input where there was none', async () => {
    const id = await verbs.createOne({
      queue: 'none',
      dependsOn: [{ taskId: await ended(), kind: 'DATA', inputField: 'x' }],
    })
    expect(await rowOf(id)).toMatchObject({ status: 'READY', input: { x: null } })
  })
})

describe('a CONDITIONAL dependency', () => {
  const condition = 'has(output.count) && output.count > 2'

  test.each([
    ['holds', '{"count":3}', condition, 'READY'],
    ['does not hold', '{"count":2}', condition, 'SKIPPED'],
    ['asks for a field that is not there', '{}', 'output.count > 2', 'SKIPPED'],
    ['asks for a failure that came', 'fails', 'status == "FAILED" && error.code == "BOOM" && attempt == 1', 'READY'],
    ['asks for a failure that did not come', null, 'status != "COMPLETED"', 'SKIPPED'],
  ])('that %s is judged alike before and after the other ends', async (_name, output, text, status) => {
    const dependsOn = (taskId: string) => [{ taskId, kind: 'CONDITIONAL' as const, condition: text }]
    const target = await verbs.createOne({ retry: { maxAttempts: 1 } })
    const early = await verbs.createOne({ queue: 'none', dependsOn: dependsOn(target) })
    const [task] = await verbs.claim()
    await endAttempts(engine, ACTOR, [output === 'fails' ? failingEnd(task!) : completing(task!, output)])
    const late = await verbs.createOne({ queue: 'none', dependsOn: dependsOn(target) })
    expect([(await rowOf(early)).status, (await rowOf(late)).status]).toEqual([status, status])
  })

  test('says why it is not met, in the error and in the event', async () => {
    const target = await verbs.createOne()
    const need = (text: string, onUnmet: 'FAIL' | 'SKIP' = 'FAIL') => ({
      queue: 'none',
      dependsOn: [{ taskId: target, kind: 'CONDITIONAL' as const, condition: text, onUnmet }],
    })
    const [unmet, broken, skipped] = await verbs.create(
      need('output == 1'),
      need('output.rows\n  .count > 2'),
      need('output.x', 'SKIP'),
    )
    const [task] = await verbs.claim()
    await endAttempts(engine, ACTOR, [completing(task!, '{"rows":{}}')])
    expect((await rowOf(unmet!)).error).toMatchObject({
      code: 'CONDITION_NOT_MET',
      message: expect.stringMatching(
        /^Its condition "output == 1" does not hold for task_\w+, which ended as COMPLETED\.$/,
      ),
    })
    expect((await rowOf(broken!)).error).toMatchObject({
      code: 'CONDITION_ERROR',
      message: expect.stringMatching(/cannot be judged: No such key: count, at line 2, column 4\.$/),
    })
    const { rows } = await database.pool.query('SELECT payload FROM event WHERE task_id = $1 AND kind = $2', [
      skipped,
      'TaskSkipped',
    ])
    expect(rows[0].payload).toMatchObject({ code: 'CONDITION_ERROR', reason: expect.stringContaining('"output.x"') })
  })

  test('follows a task that ends in a cascade', async () => {
    const first = await verbs.createOne({ queue: 'none' })
    const [, met, unmet] = await verbs.create(
      { key: 'skipped', queue: 'none', dependsOn: [{ taskId: first }] },
      { queue: 'none', dependsOn: [{ key: 'skipped', kind: 'CONDITIONAL', condition: 'status == "SKIPPED"' }] },
      { queue: 'none', dependsOn: [{ key: 'skipped', kind: 'CONDITIONAL', condition: 'status == "COMPLETED"' }] },
    )
    await cancelTask(engine, ACTOR, { taskId: first })
    expect([(await rowOf(met!)).status, (await rowOf(unmet!)).status]).toEqual(['READY', 'SKIPPED'])
  })

  test('that is no expression is refused with its place', async () => {
    const answer = await createTasks(engine, ACTOR, {
      tasks: [
        { name: 'a', type: 'work', key: 'a' },
        { name: 'b', type: 'work', dependsOn: [{ key: 'a', kind: 'CONDITIONAL', condition: 'output.count >' }] },
        { name: 'c', type: 'work', dependsOn: [{ key: 'a', kind: 'CONDITIONAL' }] },
        { name: 'd', type: 'work', dependsOn: [{ key: 'a', condition: 'true' }] },
      ],
    })
    expect(answer).toMatchObject({
      ok: false,
      refusal: {
        code: 'VALIDATION',
        issues: [
          { path: ['tasks', 1, 'dependsOn', 0, 'condition'], message: expect.stringMatching(/line 1, column 15$/) },
          { path: ['tasks', 2, 'dependsOn', 0, 'condition'], message: expect.stringMatching(/^is missing/) },
          { path: ['tasks', 3, 'dependsOn', 0, 'condition'], message: expect.stringMatching(/^goes with kind COND/) },
        ],
      },
    })
  })
})

describe('an input that its DATA dependencies make too large', () => {
  const large = JSON.stringify('x'.repeat(600_000))
  const data = (taskId: string, inputField: string) => ({ taskId, kind: 'DATA' as const, inputField })

  test('fails the dependent, and what depends on it, when the output comes', async () => {
    const targets = await verbs.create({}, {})
    const id = await verbs.createOne({
      queue: 'none',
      dependsOn: [data(targets[0]!, 'a'), data(targets[1]!, 'b')],
    })
    const behind = await verbs.createOne({ queue: 'none', dependsOn: [{ taskId: id }] })
    for (const task of await verbs.claim()) await endAttempts(engine, ACTOR, [completing(task, large)])
    expect((await rowOf(id)).error).toMatchObject({ code: 'MERGED_INPUT_TOO_LARGE', retryable: false })
    expect(await rowOf(behind)).toMatchObject({ status: 'SKIPPED' })
  })

  test('fails it also when both outputs come at once', async () => {
    const targets = await verbs.create({}, {})
    const id = await verbs.createOne({ queue: 'none', dependsOn: targets.map((taskId, at) => data(taskId, `f${at}`)) })
    const tasks = await verbs.claim()
    await endAttempts(
      engine,
      ACTOR,
      tasks.map((task) => completing(task, large)),
    )
    expect(await rowOf(id)).toMatchObject({ status: 'FAILED', waiting_on: 0, input: null })
  })

  test('refuses a new task whose outputs are there already', async () => {
    const dependsOn = [data(await ended(large), 'a'), data(await ended(large), 'b')]
    const answer = await createTasks(engine, ACTOR, { tasks: [{ name: 'a', type: 'work', dependsOn }] })
    expect(answer).toMatchObject({
      ok: false,
      refusal: { code: 'VALIDATION', issues: [{ path: ['tasks', 0, 'input'] }] },
    })
  })
})

describe('a parent', () => {
  test.each(['COMPLETED', 'FAILED', 'CANCELLED'])('that has ended as %s takes no new children', async (status) => {
    const parentId =
      status === 'CANCELLED'
        ? await verbs.createOne({ queue: 'none' })
        : await ended(status === 'FAILED' ? 'fails' : null)
    if (status === 'CANCELLED') await cancelTask(engine, ACTOR, { taskId: parentId })
    const answer = await createTasks(engine, ACTOR, {
      verb: 'createTask',
      tasks: [{ name: 'a', type: 'work', parentId }],
    })
    expect(answer).toMatchObject({
      ok: false,
      refusal: { code: 'VALIDATION', issues: [{ path: ['parentId'], message: expect.stringContaining(status) }] },
    })
  })

  test('may complete before its children, which go on', async () => {
    const parentId = await verbs.createOne()
    const [task] = await verbs.claim()
    const child = await verbs.createOne({ queue: 'none', parentId })
    await endAttempts(engine, ACTOR, [completing(task!)])
    expect([(await rowOf(parentId)).status, (await rowOf(child)).status]).toEqual(['COMPLETED', 'READY'])
  })
})

describe('a dependency that cannot be met', () => {
  test.each([
    ['SKIP', 'SKIPPED', null],
    ['FAIL', 'FAILED', { code: 'DEPENDENCY_UNMET', retryable: false }],
    ['CANCEL', 'CANCELLED', null],
  ] as const)('ends its dependent by the rule %s, before and after', async (onUnmet, status, error) => {
    const failed = await ended('fails')
    const late = await verbs.createOne({ queue: 'none', dependsOn: [{ taskId: failed, onUnmet }] })
    const target = await verbs.createOne({ queue: 'none' })
    const early = await verbs.createOne({ queue: 'none', dependsOn: [{ taskId: target, onUnmet }] })
    const paused = await verbs.createOne({ queue: 'none', dependsOn: [{ taskId: target, onUnmet }] })
    await pauseTask(engine, ACTOR, { taskId: paused })
    await cancelTask(engine, ACTOR, { taskId: target })
    for (const id of [late, early, paused]) {
      const row = await rowOf(id)
      expect(row).toMatchObject({ status, waiting_on: 0 })
      if (error === null) expect(row.error).toBeNull()
      else expect(row.error).toMatchObject(error)
    }
  })

  test('is met for RESOURCE, whatever the result', async () => {
    const id = await verbs.createOne({ queue: 'none', dependsOn: [{ taskId: await ended('fails'), kind: 'RESOURCE' }] })
    expect((await rowOf(id)).status).toBe('READY')
  })

  test('ends a chain of a thousand in one transaction', async () => {
    const first = await verbs.createOne({ queue: 'none' })
    const chain = await verbs.create(
      ...Array.from({ length: 1_000 }, (_, index) => ({
        key: `k${index}`,
        queue: 'none',
        dependsOn: [index === 0 ? { taskId: first } : { key: `k${index - 1}` }],
      })),
    )
    const startedAt = performance.now()
    await cancelTask(engine, ACTOR, { taskId: first })
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    const { rows } = await database.pool.query(
      'SELECT status, count(*)::int FROM task WHERE id = ANY ($1) GROUP BY 1',
      [chain],
    )
    expect(rows).toEqual([{ status: 'SKIPPED', count: 1_000 }])
  })
})

describe('a paused dependent', () => {
  test('counts what settles meanwhile and is free when it is resumed', async () => {
    const first = await verbs.createOne()
    const id = await verbs.createOne({ queue: 'none', dependsOn: [{ taskId: first }] })
    await pauseTask(engine, ACTOR, { taskId: id })
    const [task] = await verbs.claim()
    await endAttempts(engine, ACTOR, [completing(task!)])
    expect(await rowOf(id)).toMatchObject({ status: 'PAUSED', waiting_on: 0 })
    await resumeTask(engine, ACTOR, { taskId: id })
    expect((await rowOf(id)).status).toBe('READY')
  })
})

describe('a dependent retried by hand', () => {
  test('waits for what is still open, and not for what has ended', async () => {
    const [failing, open] = await verbs.create({ queue: 'none' }, {})
    const id = await verbs.createOne({ queue: 'none', dependsOn: [{ taskId: failing! }, { taskId: open! }] })
    await cancelTask(engine, ACTOR, { taskId: failing! })
    expect(await rowOf(id)).toMatchObject({ status: 'SKIPPED', waiting_on: 1 })
    await retryTask(engine, ACTOR, { taskId: id })
    expect(await rowOf(id)).toMatchObject({ status: 'PENDING', waiting_on: 1 })
    const [task] = await verbs.claim()
    await endAttempts(engine, ACTOR, [completing(task!)])
    expect(await rowOf(id)).toMatchObject({ status: 'READY', waiting_on: 0 })
  })
})
