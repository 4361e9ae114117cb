import { beforeAll, describe, expect, test } from 'vitest'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { enqueue } from '../../src/enqueue/enqueue.ts'
import { openPrisma } from '../../src/infra/prisma.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { enqueueFixture } from '../support/enqueue-fixture.ts'
import { completing } from '../support/verbs.ts'

const { database, engine, verbs, rowOf, inTransaction } = await enqueueFixture()
beforeAll(() => database.pool.query('CREATE TABLE bill (id int PRIMARY KEY)'))

async function countAll(): Promise<number[]> {
  const { rows } = await database.pool.query(
    'SELECT (SELECT count(*)::int FROM task) AS t, (SELECT count(*)::int FROM event) AS e, (SELECT count(*)::int FROM idempotency_key) AS k, (SELECT count(*)::int FROM bill) AS b',
  )
  return Object.values(rows[0])
}

describe('a task that is enqueued in a transaction', () => {
  test('exists, waits and runs once it commits', async () => {
    const id = await inTransaction(async (client) => {
      const made = await enqueue(client, { name: 'bill', type: 'work', input: { bill: 1 } })
      expect(await rowOf(made)).toBeUndefined()
      await client.query('INSERT INTO bill VALUES (1)')
      return made
    })
    expect(id).toMatch(/^task_/)
    expect(await rowOf(id)).toMatchObject({
      status: 'SCHEDULED',
      input: { bill: 1 },
      version: 1,
      created_by: 'enqueue_task',
    })
    await wakeDue(engine)
    const [task] = await verbs.claim()
    expect(task).toMatchObject({ name: 'bill', input: { bill: 1 } })
    await endAttempts(engine, ACTOR, [completing(task!)])
    expect((await rowOf(id)).status).toBe('COMPLETED')
  })

  test('never was when it is rolled back, breaks off, or only its savepoint is', async () => {
    const before = await countAll()
    const task = { name: 'never', type: 'work', idempotencyKey: newUuid() }
    const failing = inTransaction(async (client) => {
      await enqueue(client, task)
      await client.query('INSERT INTO bill VALUES (1)')
    })
    await expect(failing).rejects.toThrow('bill_pkey')
    const killed = inTransaction(async (client) => {
      client.on('error', () => undefined)
      await enqueue(client, task)
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
      await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
      await client.query('SELECT 1')
    })
    await expect(killed).rejects.toThrow()
    const kept = await inTransaction(async (client) => {
      await client.query('SAVEPOINT one')
      await enqueue(client, { name: 'undone', type: 'work' })
      await client.query('ROLLBACK TO one')
      return enqueue(client, { name: 'kept', type: 'work', queue: 'none' })
    })
    expect(await countAll()).toEqual([before[0]! + 1, before[1]! + 1, before[2], before[3]])
    expect((await rowOf(kept)).name).toBe('kept')
  })

  test('may be enqueued through Prisma', async () => {
    const prisma = openPrisma(database.pool)
    const id = await prisma.$transaction(async (tx) =>
      enqueue(tx, { name: 'prisma', type: 'work', queue: 'none', tags: ['x'] }),
    )
    expect(await rowOf(id)).toMatchObject({ name: 'prisma', tags: ['x'] })
    await expect(
      prisma.$transaction(async (tx) => {
        await enqueue(tx, { name: 'prisma undone', type: 'work' })
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    const { rows } = await database.pool.query("SELECT FROM task WHERE name = 'prisma undone'")
    expect(rows).toEqual([])
    await prisma.$disconnect()
  })

  test('is not enqueued by a pool, which would commit at once', async () => {
    await expect(enqueue(database.pool, { name: 'a', type: 'work' })).rejects.toThrow(/not the pool/)
  })

  test('rings who listens, when it commits', async () => {
    const listener = await database.pool.connect()
    const heard: (string | undefined)[] = []
    listener.on('notification', ({ payload }) => heard.push(payload))
    await listener.query('LISTEN task_mgmt')
    await inTransaction(async (client) => {
      await enqueue(client, { name: 'a', type: 'work', queue: 'none' })
      await enqueue(client, { name: 'b', type: 'work', queue: 'none' })
      await listener.query('SELECT 1')
      expect(heard).toEqual([])
    })
    await listener.query('SELECT 1')
    expect(heard).toEqual(['events'])
    await listener.query('UNLISTEN *')
    listener.release()
  })
})

describe('an idempotency key', () => {
  test('answers with the task it made, also to rivals that wait for it', async () => {
    const task = { name: 'once', type: 'work', queue: 'none', idempotencyKey: newUuid() }
    const first = await inTransaction(async (client) => {
      const rival = inTransaction((other) => enqueue(other, task))
      const id = await enqueue(client, task)
      return { id, rival }
    })
    expect(await first.rival).toBe(first.id)
    expect(await inTransaction((client) => enqueue(client, task))).toBe(first.id)
    await expect(inTransaction((client) => enqueue(client, { ...task, name: 'other' }))).rejects.toMatchObject({
      code: '23505',
      message: expect.stringContaining('made another task before'),
    })
  })
})
