import { beforeEach, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { deleteFinishedTasks } from '../../src/engine/delete-finished-tasks.ts'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { settleRest } from '../../src/engine/settle-rest.ts'
import type { Refusal } from '../../src/task/refusal.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { pick, seededRandom } from '../support/random.ts'
import { sized } from '../support/size.ts'
import { completing, failingEnd } from '../support/verbs.ts'

const { database, engine, verbs } = await engineFixture({ size: 16 })
beforeEach(() => database.pool.query('DELETE FROM task'))

const { signal } = new AbortController()
const TOMORROW = new Date(Date.now() + 86_400_000)

/** Deletes what has finished, however young. */
const clean = (batch?: number) => deleteFinishedTasks(engine, { before: TOMORROW, signal, ...(batch && { batch }) })

async function complete(...ids: string[]): Promise<void> {
  const claimed = await verbs.claim()
  const mine = claimed.filter(({ id }) => ids.includes(id))
  expect(mine).toHaveLength(ids.length)
  await endAttempts(
    engine,
    ACTOR,
    mine.map((task) => completing(task, '{"a":1}')),
  )
}

async function left(): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM task ORDER BY id')
  return rows.map(({ id }) => id)
}

test('deletes what finished long enough ago, with its attempts and dependencies, in batches of any size', async () => {
  const first = await verbs.createOne()
  const others = await verbs.create({ dependsOn: [{ taskId: first }] }, {}, {})
  const young = await verbs.createOne()
  const open = await verbs.createOne({ queue: 'none' })
  await complete(first, others[1]!, others[2]!, young)
  await complete(others[0]!)
  await database.pool.query(`UPDATE task SET finished_at = finished_at - interval '1 hour' WHERE id <> $1`, [young])
  const before = new Date(Date.now() - 600_000)
  expect(await deleteFinishedTasks(engine, { before, signal, batch: 3 })).toBe(4)
  expect(await left()).toEqual([young, open].sort())
  const { rows } = await database.pool.query(
    'SELECT (SELECT count(*)::int FROM attempt) AS attempts, (SELECT count(*)::int FROM task_dependency) AS dependencies',
  )
  expect(rows).toEqual([{ attempts: 1, dependencies: 0 }])
})

test('keeps what something unfinished depends on, and parents until all below them may go', async () => {
  const needed = await verbs.createOne()
  const parent = await verbs.createOne()
  const child = await verbs.createOne({ parentId: parent })
  const grandchild = await verbs.createOne({ parentId: child, queue: 'none' })
  await complete(needed, parent, child)
  const data = { taskId: needed, kind: 'DATA', inputField: 'found' } as const
  const dependent = await verbs.createOne({ queue: 'none', dependsOn: [data] })
  expect(await clean()).toBe(0)
  expect(await left()).toEqual([needed, parent, dependent, child, grandchild].sort())
  await cancelTask(engine, ACTOR, { taskId: dependent })
  await cancelTask(engine, ACTOR, { taskId: grandchild })
  expect(await clean()).toBe(5)
})

test('keeps a task while a cascade is to go on from it', async () => {
  const first = await verbs.createOne({ queue: 'none' })
  await verbs.create(...Array.from({ length: 1_100 }, () => ({ queue: 'none', dependsOn: [{ taskId: first }] })))
  await cancelTask(engine, ACTOR, { taskId: first })
  // Nobody unfinished waits for it any more, but the note stands.
  await database.pool.query(`DELETE FROM task WHERE status = 'PENDING'`)
  expect(await clean()).toBeGreaterThan(0)
  expect(await left()).toEqual([first])
  await settleRest(engine)
  expect(await clean()).toBe(1)
})

test('comes to the end of what it may delete past what it may not', async () => {
  const parents = await verbs.create(...Array.from({ length: 6 }, () => ({})))
  const open = await verbs.create(...parents.map((parentId) => ({ parentId, queue: 'none' })))
  await complete(...parents)
  const later = await verbs.create({}, {})
  await complete(...later)
  expect(await clean(2)).toBe(2)
  expect(await left()).toEqual([...parents, ...open].sort())
})

test('goes through every tenant', async () => {
  const id = await verbs.createOne()
  await complete(id)
  for (const tenant of ['aa', 'zz']) {
    await database.pool.query(`INSERT INTO task_type (tenant, name) VALUES ($1, 'work')`, [tenant])
    await database.pool.query(
      `INSERT INTO task (tenant, id, name, type, status, finished_at) VALUES ($1, $2, 'a', 'work', 'COMPLETED', now())`,
      [tenant, newUuid()],
    )
  }
  expect(await clean()).toBe(3)
})

function meaningOf(refusal: Refusal): string {
  const isOfParent = refusal.code === 'VALIDATION' && refusal.issues.every(({ path }) => path.at(-1) === 'parentId')
  return isOfParent ? 'a parent that has ended' : refusal.code
}

test('while tasks are made, tied together, run and retried, it deletes nothing that is unfinished or needed', async () => {
  const random = seededRandom(Date.now())
  const known: string[] = []
  let isOver = false
  const refusals = new Set<string>()
  const made = new Map<string, { dependsOn: string[]; parentId: string | undefined }>()

  async function make(): Promise<void> {
    const parentId = known.length > 0 && random() < 0.4 ? pick(random, known) : undefined
    const dependsOn = known.length > 0 && random() < 0.5 ? [pick(random, known)] : []
    const queue = random() < 0.2 ? 'none' : 'default'
    const task = { name: 'a', type: 'work', queue, dependsOn: dependsOn.map((taskId) => ({ taskId })) }
    const created = await createTasks(engine, ACTOR, { tasks: [{ ...task, ...(parentId && { parentId }) }] })
    if (!created.ok) return void refusals.add(meaningOf(created.refusal))
    known.push(created.value.taskIds[0]!)
    if (known.length > 40) known.shift()
    made.set(created.value.taskIds[0]!, { dependsOn, parentId })
  }

  async function run(): Promise<void> {
    const { workerId } = verbs
    const { tasks } = await claimTasks(engine, {
      tenant: 'default',
      workerId,
      queue: 'default',
      types: ['work'],
      limit: 5,
    })
    const ends = tasks.map((task) => (random() < 0.8 ? completing(task) : failingEnd(task, false)))
    if (ends.length > 0) await endAttempts(engine, ACTOR, ends)
  }

  async function retry(): Promise<void> {
    const taskId = pick(random, known)
    // What it depended on may be gone by right: it had finished itself.
    const answer = await retryTask(engine, ACTOR, { taskId })
    if (answer.ok) made.delete(taskId)
    else refusals.add(answer.refusal.code)
  }

  const forever = async (act: () => Promise<unknown>) => {
    while (!isOver) await act()
  }
  await make()
  const actors = [forever(run), forever(run), forever(retry), forever(() => clean(7)), forever(() => clean(3))]
  const rounds = sized(300, 5_000)
  const makers = Array.from({ length: 4 }, async () => {
    for (let round = 0; round < rounds; round++) await make()
  })
  try {
    await Promise.all(makers)
  } finally {
    isOver = true
  }
  await Promise.all(actors)
  const expected = ['NOT_FOUND', 'ILLEGAL_TRANSITION', 'a parent that has ended']
  expect([...refusals].filter((refusal) => !expected.includes(refusal))).toEqual([])

  const { rows: open } = await database.pool.query<{ id: string; dependsOn: string[]; parentId: string | null }>(
    `SELECT t.id, t.parent_id AS "parentId", ARRAY(SELECT d.depends_on_id FROM task_dependency d WHERE d.task_id = t.id)::text[] AS "dependsOn"
    FROM task t WHERE t.finished_at IS NULL`,
  )
  expect(open.length).toBeGreaterThan(10)
  for (const { id, dependsOn, parentId } of open) {
    const asked = made.get(id)
    if (asked !== undefined) expect({ dependsOn, parentId }).toEqual({ ...asked, parentId: asked.parentId ?? null })
  }
  expect(made.size).toBeGreaterThan((await left()).length)
}, 60_000)

test('forgets idempotency keys and ended workers by their age, and no worker that has a task', async () => {
  const key = newUuid()
  const call = { tasks: [{ name: 'once', type: 'work', queue: 'none' }], idempotencyKey: key }
  await createTasks(engine, ACTOR, call)
  const [gone, busy, alive] = [await addWorker(engine, ['work']), await addWorker(engine, ['work']), verbs.workerId]
  await verbs.createOne({ queue: 'busy' })
  await claimTasks(engine, { tenant: 'default', workerId: busy, queue: 'busy', types: ['work'], limit: 1 })
  await database.pool.query(
    `UPDATE worker SET state = 'LOST', stopped_at = now() - interval '2 days' WHERE id = ANY ($1)`,
    [[gone, busy]],
  )
  const before = new Date(Date.now() - 86_400_000)
  expect(await deleteLeftovers(engine, 'idempotency keys', { before, signal })).toBe(0)
  await database.pool.query(`UPDATE idempotency_key SET created_at = created_at - interval '2 days' WHERE key = $1`, [
    key,
  ])
  expect(await deleteLeftovers(engine, 'idempotency keys', { before, signal })).toBe(1)
  expect(await createTasks(engine, ACTOR, call)).toMatchObject({ ok: true, value: { isReplay: false } })
  expect(await deleteLeftovers(engine, 'workers', { before, signal })).toBe(1)
  const { rows } = await database.pool.query('SELECT id FROM worker WHERE id = ANY ($1)', [[gone, busy, alive]])
  expect(rows.map(({ id }) => id).sort()).toEqual([busy, alive].sort())
})
