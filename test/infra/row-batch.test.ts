import fc from 'fast-check'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { arrayOf, type BatchColumn, insertBatch } from '../../src/infra/row-batch.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

interface Row {
  readonly id: string | null
  readonly count: number | null
  readonly text: string | null
  readonly at: Date | null
}

const COLUMNS: readonly BatchColumn<Row>[] = [
  { name: 'id', type: 'uuid', of: ({ id }) => id },
  { name: 'count', type: 'int', of: ({ count }) => count, otherwise: '7', isUsuallyShared: true },
  { name: 'text', type: 'text', of: ({ text }) => text, as: (value) => `upper(${value})`, isUsuallyShared: true },
  { name: 'at', type: 'timestamptz', of: ({ at }) => at, isUsuallyShared: true },
]

let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(
    'CREATE TABLE made (place int GENERATED ALWAYS AS IDENTITY, id uuid, count int DEFAULT 7, text text, at timestamptz(3))',
  )
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

async function made(rows: readonly Row[]): Promise<Row[]> {
  await client.query('TRUNCATE made')
  await client.query(insertBatch('made', COLUMNS, rows))
  return (await client.query('SELECT id, count, text, at FROM made ORDER BY place')).rows
}

const text = fc.constantFrom('A', 'B', 'C,D', '"', '\\', '{}', 'NULL', '')
const row = fc.record<Row>({
  id: fc.option(fc.uuid()),
  count: fc.option(fc.integer({ min: -1_000, max: 1_000 })),
  text: fc.option(text),
  at: fc.option(fc.constantFrom(new Date(0), new Date('2026-03-29T02:30:00.123Z'))),
})
const sharing = fc.record({ count: fc.boolean(), text: fc.boolean(), at: fc.boolean() })

test('writes what each row says, whichever values the rows share', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), sharing, async (some, { count, text, at }) => {
      const [first] = some
      const rows = some.map((one) => ({
        ...one,
        ...(count && { count: first!.count }),
        ...(text && { text: first!.text }),
        ...(at && { at: first!.at }),
      }))
      // A row of nothing but defaults has no column to be written by.
      fc.pre(rows.some((one) => Object.values(one).some((value) => value !== null)))
      expect(await made(rows)).toEqual(rows.map((one) => ({ ...one, count: one.count ?? 7 })))
    }),
    { numRuns: 200 },
  )
})

test('leaves to Postgres what is no plain value, so that it cannot pass for two', async () => {
  const id = '01a20000-0000-7000-8000-000000000001'
  expect(arrayOf('uuid', [id, null])).toBe(`{${id},NULL}`)
  expect(arrayOf('float8', [0.5, Number.POSITIVE_INFINITY, null])).toBe('{0.5,Infinity,NULL}')
  await expect(made([{ id: `${id},${id}`, count: null, text: null, at: null }])).rejects.toThrow('invalid input syntax')
})
