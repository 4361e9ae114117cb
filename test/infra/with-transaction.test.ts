import type { PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { sendLast, withTransaction } from '../../src/infra/with-transaction.ts'
import { emptyDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await emptyDatabase({ size: 4 })
  await database.pool.query('CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))')
})
beforeEach(() => database.pool.query('TRUNCATE account; INSERT INTO account VALUES (1, 100), (2, 100)'))
afterAll(() => database.drop())

const add = (client: PoolClient, id: number, amount: number) =>
  client.query('UPDATE account SET balance = balance + $2 WHERE id = $1', [id, amount])

async function balances(): Promise<number[]> {
  const { rows } = await database.pool.query<{ balance: number }>('SELECT balance FROM account ORDER BY id')
  return rows.map((row) => row.balance)
}

it('commits what the work did and returns its value', async () => {
  expect(await withTransaction(database.pool, async (client) => (await add(client, 1, 5)).rowCount)).toBe(1)
  expect(await balances()).toEqual([105, 100])
})

it('rolls back on any error, passes it on and gives the connection back usable', async () => {
  const failure = new Error('changed my mind')
  const work = async (client: PoolClient) => {
    await add(client, 1, 5)
    throw failure
  }
  for (let round = 0; round < 10; round++) await expect(withTransaction(database.pool, work)).rejects.toBe(failure)
  await expect(withTransaction(database.pool, (client) => add(client, 1, -500))).rejects.toThrow('check constraint')
  expect(await balances()).toEqual([100, 100])
  expect(database.pool.idleCount).toBe(database.pool.totalCount)
})

it('does not report a commit that the database turned into a rollback', async () => {
  const swallowing = withTransaction(database.pool, async (client) => {
    await add(client, 1, 5)
    await client.query('SELECT 1 / 0').catch(() => undefined)
  })
  await expect(swallowing).rejects.toThrow('swallowed')
  expect(await balances()).toEqual([100, 100])
})

it('keeps nothing when what was sent last fails, and says why', async () => {
  for (const isFollowed of [false, true]) {
    const outcome = withTransaction(database.pool, async (client) => {
      await add(client, 1, 5)
      sendLast(client, add(client, 2, -500))
      // A statement that comes after all meets an aborted transaction; the reason is the one before.
      if (isFollowed) await client.query('SELECT 1')
    })
    await expect(outcome).rejects.toThrow('check constraint')
    expect(await balances()).toEqual([100, 100])
  }
  await withTransaction(database.pool, async (client) => sendLast(client, add(client, 2, -50)))
  expect(await balances()).toEqual([100, 50])
})

it('destroys a connection that broke and keeps working with others', async () => {
  let pid = 0
  const cut = withTransaction(database.pool, async (client) => {
    pid = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid
    await database.pool.query('SELECT pg_terminate_backend($1)', [pid])
    await client.query('SELECT 1')
  })
  await expect(cut).rejects.toThrow()
  const pids = await Promise.all([1, 2, 3].map(() => database.pool.query('SELECT pg_backend_pid() AS pid')))
  expect(pids.map(({ rows }) => rows[0].pid)).not.toContain(pid)
})

it('runs the work again after a deadlock, as often as it is told', async () => {
  const gate = Promise.withResolvers<void>()
  let arrived = 0
  let runs = 0
  const transfer = (from: number, to: number) =>
    withTransaction(
      database.pool,
      async (client) => {
        runs++
        await client.query("SET LOCAL deadlock_timeout = '20ms'")
        await add(client, from, -10)
        if (++arrived === 2) gate.resolve()
        await gate.promise
        await add(client, to, 10)
      },
      { attempts: 3 },
    )
  await Promise.all([transfer(1, 2), transfer(2, 1)])
  expect(await balances()).toEqual([100, 100])
  expect(runs).toBe(3)
})

it('runs serializable work again until it is as if one came after the other', async () => {
  const withdrawIfBothHold = () =>
    withTransaction(
      database.pool,
      async (client) => {
        const { rows } = await client.query<{ sum: number }>('SELECT sum(balance)::int AS sum FROM account')
        await add(client, 1, rows[0]!.sum === 200 ? -50 : 0)
      },
      { isolation: 'SERIALIZABLE', attempts: 20 },
    )
  await Promise.all([1, 2, 3, 4].map(withdrawIfBothHold))
  expect(await balances()).toEqual([50, 100])
})

it('gives up with the last error when the attempts are used up', async () => {
  let runs = 0
  const work = withTransaction(
    database.pool,
    async (client) => {
      runs++
      await client.query("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")
    },
    { attempts: 3 },
  )
  await expect(work).rejects.toThrow('lost')
  expect(runs).toBe(3)
})
