import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { covers, isVisible, parseSnapshot, printSnapshot, type Snapshot } from '../../src/event/snapshot.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({
    xmin: fc.integer({ min: 1, max: 30 }),
    width: fc.integer({ min: 0, max: 30 }),
    offsets: fc.uniqueArray(fc.integer({ min: 0, max: 29 })),
  })
  .map(({ xmin, width, offsets }) => ({
    xmin: BigInt(xmin),
    xmax: BigInt(xmin + width),
    running: offsets
      .filter((offset) => offset < width)
      .sort((a, b) => a - b)
      .map((offset) => BigInt(xmin + offset)),
  }))

const XIDS = Array.from({ length: 70 }, (_, n) => BigInt(n))

describe('a snapshot', () => {
  it('survives its text', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        expect(parseSnapshot(printSnapshot(snapshot))).toEqual(snapshot)
      }),
    )
  })

  it.each([
    '',
    '1:2',
    '0:1:',
    '5:4:',
    '1:5:5',
    '3:5:2',
    '1:9:4,3',
    '1:9:3,3',
    '1:9:,',
    '1:9:3,',
    'a:b:',
    '1:99999999999999999999:',
    ' 1:2:',
  ])('is refused as %j', (text) => expect(parseSnapshot(text)).toBeNull())

  it('covers another exactly when it sees everything that one sees', () => {
    fc.assert(
      fc.property(snapshots, snapshots, (a, b) => {
        const seesAll = XIDS.every((xid) => isVisible(xid, a) || !isVisible(xid, b))
        expect(covers(a, b)).toBe(seesAll)
      }),
      { numRuns: 2000 },
    )
  })

  describe('beside Postgres', () => {
    let database: TestDatabase
    beforeAll(async () => {
      database = await freshDatabase()
    })
    afterAll(() => database.drop())

    it('sees what pg_visible_in_snapshot sees', async () => {
      const samples = fc.sample(snapshots, 300)
      const { rows } = await database.pool.query<{ seen: boolean[] }>(
        `SELECT array(SELECT pg_visible_in_snapshot(n::text::xid8, s::pg_snapshot) FROM generate_series(0, 69) n ORDER BY n) AS seen
         FROM unnest($1::text[]) WITH ORDINALITY AS u (s, place) ORDER BY place`,
        [samples.map(printSnapshot)],
      )
      expect(rows.map((row) => row.seen)).toEqual(samples.map((sample) => XIDS.map((xid) => isVisible(xid, sample))))
    })

    it('is read from what Postgres prints', async () => {
      const { rows } = await database.pool.query<{ text: string }>('SELECT pg_current_snapshot()::text AS text')
      expect(printSnapshot(parseSnapshot(rows[0]!.text)!)).toBe(rows[0]!.text)
    })
  })
})
