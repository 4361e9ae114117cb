import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { configurePool } from '../../src/engine/configure-pool.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { type EnqueuedTask, enqueue } from '../../src/enqueue/enqueue.ts'
import { sizeUp } from '../../src/task/resources.ts'
import { uuidOf } from '../../src/task/type-id.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { enqueueFixture } from '../support/enqueue-fixture.ts'

const { database, engine, rowOf, inTransaction } = await enqueueFixture()
beforeAll(async () => {
  await configurePool(engine, ACTOR, { name: 'seats', capacity: 2 })
  await addWorker(engine, [
    {
      name: 'with_defaults',
      description: null,
      inputSchema: null,
      outputSchema: null,
      defaults: {
        priority: 'HIGH',
        retry: { maxAttempts: 7 },
        timeouts: { totalMs: 90_000, queueMs: 4_000 },
        pools: { seats: 2 },
        resources: { cpuCores: 1.1, memoryMb: 2_049, custom: { license: 1 } },
      },
    },
  ])
})

/** What is kept of what a task asks of its worker. */
const placementOf = async ({ placement }: Record<string, unknown>): Promise<unknown> =>
  (await database.pool.query('SELECT * FROM placement WHERE key = $1', [placement])).rows

describe('it is the task that createTask would make', () => {
  const scheduledFor = new Date(Date.now() + 3_600_000)
  const full = {
    name: 'full',
    type: 'work',
    input: { deep: [1, { two: null }] },
    description: 'text',
    queue: 'q',
    priority: 'LOW',
    scheduledFor,
    deadline: new Date(Date.now() + 7_200_000),
    estimatedMs: 5_000,
    retry: { maxAttempts: 9, strategy: 'fixed', nonRetryableCodes: ['A'] },
    timeouts: { queueMs: 1, attemptMs: 2, totalMs: 3_000, heartbeatMs: 4 },
    resources: { cpuCores: 0.5, memoryMb: 1_001, gpu: 0, custom: { seat: 3 } },
    tags: ['b', 'a', 'b'],
    labels: { team: 'x' },
    concurrencyKey: 'c',
    rateKey: 'r',
    fairnessKey: 'f',
  } as const satisfies EnqueuedTask

  test.each([
    ['with everything', full],
    [
      'with more resources than a key can name',
      {
        name: 'many',
        type: 'work',
        scheduledFor,
        resources: {
          custom: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`resource-number.${n}`, n + 0.3])),
        },
      },
    ],
    [
      'with some resources of its own and some of its type',
      { name: 'r', type: 'with_defaults', scheduledFor, resources: { cpuCores: 0, custom: { license: 7 } } },
    ],
    ['with nothing', { name: 'plain', type: 'work', scheduledFor }],
    [
      'with the defaults of its type',
      {
        name: 'd',
        type: 'with_defaults',
        scheduledFor,
        retry: { factor: 3 },
        timeouts: { queueMs: 9 },
        concurrencyKey: 'd',
      },
    ],
  ] as const)('%s', async (_name, task) => {
    const made = await createTasks(engine, ACTOR, { tasks: [task] })
    if (!made.ok) throw new Error(JSON.stringify(made.refusal))
    const id = await inTransaction((client) => enqueue(client, { ...task, createdBy: ACTOR.name }))
    const [theirs, ours] = [await rowOf(made.value.taskIds[0]!), await rowOf(id)]
    const of = ({ id: _, created_at, updated_at, expires_at, wake_at, ...rest }: Record<string, unknown>) => ({
      ...rest,
      isNew: created_at?.toString() === updated_at?.toString(),
      expiresAfterMs:
        expires_at === null ? null : Math.round(((expires_at as Date).getTime() - scheduledFor.getTime()) / 100),
      wakesAfterMs: Math.round(((wake_at as Date).getTime() - scheduledFor.getTime()) / 100),
    })
    expect(of(ours)).toEqual(of(theirs))
    expect(await placementOf(ours)).toEqual(await placementOf(theirs))
    const events = async (row: { id: string }) =>
      (await database.pool.query('SELECT * FROM event WHERE task_id = $1', [row.id])).rows.map(
        ({ id: _, xid: __, at: ___, task_id: ____, ...rest }) => rest,
      )
    expect(await events(ours)).toEqual(await events(theirs))
  })

  test('its resources count as those of createTask', async () => {
    const sizes = fc.sample(
      fc.oneof(fc.double({ min: 0.001, max: 1e11, noNaN: true }), fc.integer({ min: 1, max: 10_000 })),
      3_000,
    )
    const { rows } = await database.pool.query<{ size: number }>(
      'SELECT size_up(v.amount) AS size FROM unnest($1::float8[]) WITH ORDINALITY AS v(amount, place) ORDER BY v.place',
      [sizes],
    )
    expect(rows.map(({ size }) => size)).toEqual(sizes.map(sizeUp))
  })

  test('its id is a UUIDv7 of this moment', async () => {
    const id = uuidOf(
      'task',
      await inTransaction((client) => enqueue(client, { name: 'a', type: 'work', queue: 'none' })),
    )!
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Math.abs(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(60_000)
  })
})

describe('what makes no sense is refused', () => {
  test.each<[string, object, RegExp]>([
    ['an unknown type', { type: 'nonesuch' }, /no task type "nonesuch" is registered/],
    ['an empty name', { name: '  ' }, /name is empty/],
    ['a long name', { name: 'x'.repeat(501) }, /name has 501 characters; 500 at most/],
    ['a large input', { input: 'x'.repeat(1_048_577) }, /input takes \d+ bytes/],
    ['an unknown option', { queu: 'x' }, /"queu" is no option; there are tenant, queue/],
    ['a wrong priority', { priority: 'URGENT' }, /priority "URGENT" is not one of CRITICAL/],
    ['no time', { scheduledFor: 'soon' }, /scheduledFor is not a time: "soon"/],
    ['a time in the past', { scheduledFor: new Date(Date.now() - 3_600_000) }, /is in the past/],
    ['tags that are no texts', { tags: [1] }, /tags is not a list/],
    ['labels that are no texts', { labels: { a: 1 } }, /labels is not an object/],
    ['too many attempts', { retry: { maxAttempts: 1_001 } }, /maxAttempts is 1001; give a whole number from 1 to 1000/],
    ['an unknown member', { retry: { attempts: 1 } }, /retry: "attempts" is no option/],
    ['a time-out of nothing', { timeouts: { queueMs: 0 } }, /queueMs is 0/],
    ['a negative resource', { resources: { gpu: -1 } }, /gpu is -1/],
    ['a resource beyond all measure', { resources: { cpuCores: 1e6 } }, /cpuCores is 1000000; give 0 to 100000/],
    ['next to nothing', { resources: { cpuCores: 0.0001 } }, /cpuCores is 0.0001; give 0, or 0.001/],
    ['a resource that nobody knows', { resources: { ram: 1 } }, /resources: "ram" is no option/],
    ['a resource without a name', { resources: { custom: { 'A b': 1 } } }, /custom: "A b" is no name/],
    ['a custom resource that is known', { resources: { custom: { gpu: 1 } } }, /custom: "gpu" is no name/],
    ['custom resources that are no amounts', { resources: { custom: 1 } }, /custom is not an object/],
    ['a number as a text', { estimatedMs: '5' }, /estimatedMs is not a number/],
    ['an empty key', { idempotencyKey: '' }, /idempotencyKey is empty/],
  ])('%s', async (_name, wrong, message) => {
    const refused = inTransaction((client) => enqueue(client, { name: 'a', type: 'work', ...wrong }))
    await expect(refused).rejects.toMatchObject({ code: '22023', message: expect.stringMatching(message) })
  })

  test('more slots of a pool than there are', async () => {
    await configurePool(engine, ACTOR, { name: 'seats', capacity: 1 })
    const refused = inTransaction((client) => enqueue(client, { name: 'a', type: 'with_defaults' }))
    await expect(refused).rejects.toMatchObject({
      code: '22023',
      message: expect.stringMatching(/"seats", which has 1/),
    })
  })
})
