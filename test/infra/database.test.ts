import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/infra/database.ts'
import { openPrisma } from '../../src/infra/prisma.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

describe('values', () => {
  it('reads int8 as number, numeric and xid8 as text, timestamps as UTC and dates as text', async () => {
    const result =
      await database.pool.query(`SELECT 9007199254740991::int8 AS big, ARRAY[1, NULL]::int8[] AS list, 1.10::numeric AS exact,
      '12345678901234567890'::xid8 AS xid, '2026-01-02 03:04:05.678'::timestamp AS at, '2026-01-02'::date AS day`)
    expect(result.rows[0]).toEqual({
      big: 9007199254740991,
      list: [1, null],
      exact: '1.10',
      xid: '12345678901234567890',
      at: new Date('2026-01-02T03:04:05.678Z'),
      day: '2026-01-02',
    })
  })

  it('refuses an int8 that a number cannot hold', async () => {
    await expect(database.pool.query('SELECT 9007199254740993::int8')).rejects.toThrow('does not fit a number')
  })
})

describe('connections', () => {
  it('runs the hook to its end before the first use of each connection', async () => {
    const pool = openDatabase({
      url: database.url,
      size: 3,
      applicationName: 'hook',
      onConnect: async (client) => {
        await client.query('SELECT pg_sleep(0.05)')
        await client.query("SET task_mgmt.tenant = 'acme'")
      },
    })
    const seen = await Promise.all(
      [1, 2, 3].map(() =>
        pool.query("SELECT current_setting('task_mgmt.tenant', true) AS tenant, pg_backend_pid() AS pid"),
      ),
    )
    expect(seen.map(({ rows }) => rows[0].tenant)).toEqual(['acme', 'acme', 'acme'])
    await pool.end()
  })

  it('gives the error of a hook that fails to the caller and keeps no connection', async () => {
    const pool = openDatabase({
      url: database.url,
      size: 1,
      applicationName: 'hook',
      onConnect: async () => Promise.reject(new Error('no tenant')),
    })
    await expect(pool.query('SELECT 1')).rejects.toThrow('no tenant')
    await expect(pool.query('SELECT 1')).rejects.toThrow('no tenant')
    expect(pool.totalCount).toBe(0)
    await pool.end()
  })

  it('survives connections that the server cuts, idle and in use', async () => {
    const pool = openDatabase({ url: database.url, size: 2, applicationName: 'cut' })
    const client = await pool.connect()
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await expect(client.query('SELECT 1')).rejects.toThrow()
    client.release(true)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  it('ends when its last connection has', async () => {
    const pool = openDatabase({ url: database.url, size: 8, applicationName: 'ending' })
    let ended = 0
    pool.on('connect', (client) => client.once('end', () => ended++))
    await Promise.all(Array.from({ length: 8 }, () => pool.query('SELECT pg_sleep(0.01)')))
    await pool.end()
    expect(ended).toBe(8)
  })

  it('serves Prisma from the same pool', async () => {
    const prisma = openPrisma(database.pool)
    expect(await prisma.task.count()).toBe(0)
    await prisma.$disconnect()
    expect((await database.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })
})
