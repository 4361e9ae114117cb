import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { registerWorker } from '../../src/engine/register-worker.ts'
import { updateTask } from '../../src/engine/update-task.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { sized } from '../support/size.ts'
import { completing } from '../support/verbs.ts'

const { database, engine, verbs } = await engineFixture()
const known = await verbs.createOne({ queue: 'none' })

/** How much there is of everything that a call could leave behind. */
async function traces(): Promise<Record<string, number>> {
  const { rows } = await database.pool.query(`SELECT (SELECT count(*)::int FROM task) AS tasks,
    (SELECT count(*)::int FROM task_dependency) AS dependencies, (SELECT count(*)::int FROM event) AS events,
    (SELECT count(*)::int FROM idempotency_key) AS keys, (SELECT count(*)::int FROM task_type) AS types`)
  return rows[0]
}

async function refusalOf(tasks: readonly NewTask[], idempotencyKey = newUuid()): Promise<unknown> {
  const before = await traces()
  const created = await createTasks(engine, ACTOR, { tasks, idempotencyKey })
  expect(await traces()).toEqual(before)
  return created.ok ? 'accepted' : created.refusal
}

const task = { name: 'a', type: 'work' }

describe('a call that cannot be carried out says why and leaves no trace', () => {
  test('an unknown type names the known ones', async () => {
    expect(await refusalOf([task, { ...task, type: 'nonesuch' }])).toEqual({
      code: 'UNKNOWN_TASK_TYPE',
      type: 'nonesuch',
      known: ['other', 'work'],
      path: ['tasks', 1, 'type'],
    })
  })

  test('a dependency or parent that does not exist', async () => {
    const id = newUuid()
    expect(await refusalOf([task, { ...task, dependsOn: [{ taskId: known }, { taskId: id }] }])).toEqual({
      code: 'NOT_FOUND',
      what: 'task',
      id,
      path: ['tasks', 1, 'dependsOn', 1, 'taskId'],
    })
    expect(await refusalOf([{ ...task, parentId: id }])).toMatchObject({
      code: 'NOT_FOUND',
      path: ['tasks', 0, 'parentId'],
    })
  })

  test('a cycle', async () => {
    const ring = ['a', 'b', 'c'].map((key, index) => ({ ...task, key, dependsOn: [{ key: 'bca'[index]! }] }))
    expect(await refusalOf(ring)).toEqual({ code: 'DEPENDENCY_CYCLE', cycle: ['a', 'b', 'c', 'a'] })
  })

  test('10,001 tasks', async () => {
    expect(await refusalOf(Array.from({ length: 10_001 }, () => task))).toMatchObject({ code: 'VALIDATION' })
  })

  test('a parent that was cancelled', async () => {
    const parentId = await verbs.createOne({ queue: 'none' })
    await cancelTask(engine, ACTOR, { taskId: parentId })
    expect(await refusalOf([{ ...task, parentId }])).toMatchObject({
      code: 'VALIDATION',
      issues: [{ path: ['tasks', 0, 'parentId'] }],
    })
  })

  test('a task that does not exist, for every command', async () => {
    const taskId = newUuid()
    const missing = { ok: false, refusal: { code: 'NOT_FOUND', what: 'task', id: taskId } }
    expect(await cancelTask(engine, ACTOR, { taskId })).toMatchObject(missing)
    expect(await cancelTask(engine, ACTOR, { taskId, cascade: { children: true, dependents: true } })).toMatchObject(
      missing,
    )
    expect(await pauseTask(engine, ACTOR, { taskId })).toMatchObject(missing)
    expect(await updateTask(engine, ACTOR, { taskId, update: { name: 'x' } })).toMatchObject(missing)
    expect(await endAttempts(engine, ACTOR, [completing({ id: taskId, epoch: 1 })])).toMatchObject([missing])
    const stranger = { tenant: 'stranger', name: 'x' }
    expect(await cancelTask(engine, stranger, { taskId: known })).toMatchObject({
      ok: false,
      refusal: { code: 'NOT_FOUND' },
    })
  })

  test('a type whose schema or defaults are wrong', async () => {
    const before = await traces()
    const type = {
      name: 'Bad Name',
      description: null,
      inputSchema: { type: 'nonsense' },
      outputSchema: null,
      defaults: { timeouts: { attemptMs: -1 } },
    }
    const worker = {
      tenant: 'default',
      id: newUuid(),
      name: 'w',
      host: 'h',
      pid: 1,
      version: null,
      types: [],
      labels: {},
      slots: 1,
      leaseMs: 5_000,
    }
    const refused = await registerWorker(engine, worker, [type])
    if (refused.ok) throw new Error('accepted')
    const paths = refused.refusal.code === 'VALIDATION' ? refused.refusal.issues.map(({ path }) => path.join('.')) : []
    expect(paths).toEqual(['types.0.name', 'types.0.inputSchema', 'types.0.defaults.timeouts.attempt'])
    expect(await traces()).toEqual(before)
  })
})

/** Texts and numbers that doors let through, and worse. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', ' ', '\0', '\ud800', 'ok', "'; --"),
)
const number = fc.oneof(fc.integer({ min: -2, max: 10 }), fc.double(), fc.constantFrom(1e15, 3_162_240_000_000))
const time = fc.oneof(
  fc.constant(new Date(Number.NaN)),
  fc.integer({ min: -1e6, max: 1e8 }).map((ms) => new Date(Date.now() + ms)),
  fc.date(),
)
const field = (name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> =>
  value.map((given) => ({ [name]: given }))

const oddFields = fc.oneof(
  field('name', text),
  field('description', text),
  field('queue', text),
  field('type', fc.oneof(text, fc.constant('other'))),
  field('key', text),
  field('input', fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true })),
  field('scheduledFor', time),
  field('deadline', time),
  field('estimatedMs', number),
  field('timeouts', fc.dictionary(fc.constantFrom('queueMs', 'attemptMs', 'totalMs', 'heartbeatMs'), number)),
  field('retry', fc.dictionary(fc.constantFrom('maxAttempts', 'initialMs', 'factor', 'maxMs', 'jitter'), number)),
  field('retry', fc.record({ nonRetryableCodes: fc.array(text, { maxLength: 3 }) })),
  field('resources', fc.dictionary(text, number, { maxKeys: 3 })),
  field('tags', fc.array(text, { maxLength: 4 })),
  field('labels', fc.dictionary(text, fc.oneof(text, number), { maxKeys: 3 })),
  field('concurrencyKey', text),
  field('fairnessKey', text),
  field('parentId', text),
  field(
    'dependsOn',
    fc.array(
      fc.record({ taskId: text, key: text, kind: text, inputField: text, onUnmet: text }, { requiredKeys: [] }),
      { maxLength: 3 },
    ),
  ),
)

test('no input whatever makes the database throw: it is kept, or refused with its problems', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(oddFields, { maxLength: 3 }),
      fc.option(text, { nil: undefined }),
      async (fields, key) => {
        const odd = Object.assign({}, { ...task, queue: 'none' }, ...fields) as NewTask
        const before = await traces()
        const created = await createTasks(engine, ACTOR, {
          tasks: [odd],
          ...(key !== undefined && { idempotencyKey: key }),
        })
        if (!created.ok) expect(await traces()).toEqual(before)
      },
    ),
    { numRuns: sized(1_000, 20_000) },
  )
})

test('no update whatever makes the database throw', async () => {
  const update = fc.record(
    {
      name: text,
      description: fc.option(text),
      priority: fc.constantFrom('LOW', 'X'),
      scheduledFor: fc.option(time),
      deadline: fc.option(time),
      tags: fc.array(text, { maxLength: 3 }),
      labels: fc.dictionary(text, text, { maxKeys: 3 }),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(update, async (given) => {
      await updateTask(engine, ACTOR, { taskId: known, update: given as Parameters<typeof updateTask>[2]['update'] })
    }),
    { numRuns: sized(300, 10_000) },
  )
})
