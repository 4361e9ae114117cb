import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { between, type Cursor, hasSeen, isExpired, type LogStart, startOf } from '../../src/event/cursor.ts'
import { MAX_CURSOR_LENGTH, parseCursor, printCursor } from '../../src/event/cursor-text.ts'
import { parseSnapshot, type Snapshot } from '../../src/event/snapshot.ts'

function cursorOf(snapshot: string, incarnation = 3): Cursor {
  const seen = positionOf(snapshot, incarnation)
  return { stream: 'events', system: 7n, seen, replay: null }
}

function positionOf(text: string, incarnation = 3) {
  const snapshot = parseSnapshot(text)!
  return { incarnation, snapshot, nextXid: snapshot.xmax + 5n, maxId: 40 }
}

const numbers = fc.bigInt({ min: 1n, max: 2n ** 61n })
const positions = fc
  .record({
    incarnation: fc.nat(),
    xmin: numbers,
    steps: fc.array(fc.bigInt({ min: 1n, max: 2n ** 40n }), { maxLength: 20 }),
    ahead: fc.nat(),
    maxId: fc.maxSafeNat(),
  })
  .map(({ incarnation, xmin, steps, ahead, maxId }) => {
    const running: bigint[] = []
    let xmax = xmin
    for (const step of steps) {
      running.push(xmax)
      xmax += step
    }
    return { incarnation, snapshot: { xmin, xmax, running }, nextXid: xmax + BigInt(ahead), maxId }
  })
const cursors: fc.Arbitrary<Cursor> = fc.record({
  stream: fc.constantFrom('events', 'lines'),
  system: numbers,
  seen: positions,
  replay: fc.option(fc.record({ upTo: positions, lastId: fc.maxSafeNat() })),
})

describe('the text of a cursor', () => {
  it('gives the cursor back', () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(parseCursor(printCursor(cursor), cursor.stream)).toEqual({ kind: 'cursor', cursor })
      }),
    )
  })

  it('can stand in a URL', () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(printCursor(cursor)).toMatch(/^[A-Za-z0-9_-]+$/)
      }),
    )
  })

  it('is refused when it was cut short or changed', () => {
    fc.assert(
      fc.property(cursors, fc.nat(), fc.constantFrom('A', 'z', '', ' '), (cursor, at, letter) => {
        const text = printCursor(cursor)
        const place = at % text.length
        const changed = text.slice(0, place) + letter + text.slice(place + 1)
        fc.pre(!Buffer.from(changed, 'base64url').equals(Buffer.from(text, 'base64url')) || letter === ' ')
        expect(parseCursor(changed, cursor.stream).kind).toBe('malformed')
      }),
    )
  })

  it('is refused, not thrown at, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseCursor(text, 'events').kind === 'malformed'))
    fc.assert(fc.property(fc.base64String(), (text) => parseCursor(text, 'events').kind === 'malformed'))
  })

  it('is refused for another log', () => {
    expect(parseCursor(printCursor(cursorOf('10:12:10')), 'lines')).toEqual({
      kind: 'malformed',
      reason: 'does not belong to the log of lines',
    })
  })

  it('is refused when it is too long', () => {
    expect(parseCursor('A'.repeat(MAX_CURSOR_LENGTH + 1), 'events').kind).toBe('malformed')
  })

  it('stays short with hundreds of transactions under way', () => {
    const running = Array.from({ length: 500 }, (_, n) => 1_000_000n + BigInt(n) * 3n)
    const seen = {
      incarnation: 3,
      snapshot: { xmin: 1_000_000n, xmax: 1_002_000n, running },
      nextXid: 1_002_064n,
      maxId: 1e9,
    }
    expect(printCursor({ ...cursorOf('1:1:'), seen }).length).toBeLessThan(800)
  })
})

describe('a cursor', () => {
  const entry = { id: 50, incarnation: 3, xid: 11n }

  it('has seen what its snapshot sees', () => {
    expect(hasSeen(cursorOf('12:12:'), entry)).toBe(true)
    expect(hasSeen(cursorOf('10:12:11'), entry)).toBe(false)
    expect(hasSeen(cursorOf('10:11:'), entry)).toBe(false)
  })

  it('has seen every earlier life of the database and nothing of a later one', () => {
    expect(hasSeen(cursorOf('1:1:', 4), entry)).toBe(true)
    expect(hasSeen(cursorOf('99:99:', 2), entry)).toBe(false)
  })

  it('in the middle of a replay has seen up to its last id', () => {
    const cursor = between(cursorOf('10:10:'), cursorOf('12:12:'), 50)
    expect(hasSeen(cursor, entry)).toBe(true)
    expect(hasSeen(cursor, { ...entry, id: 51 })).toBe(false)
    expect(hasSeen(cursor, { ...entry, xid: 12n })).toBe(false)
  })
})

describe('expiry', () => {
  const log: LogStart = {
    system: 7n,
    life: 3,
    snapshot: parseSnapshot('90:100:90')!,
    dropped: { incarnation: 3, xid: 20n, id: 30 },
  }

  it.each<[string, Cursor, boolean, Snapshot?]>([
    ['has seen all that was dropped', cursorOf('21:25:21'), false],
    ['has not seen the newest that was dropped', cursorOf('20:25:20'), true],
    ['had an older transaction under way', cursorOf('15:25:15'), true],
    ['had a transaction under way that still is', { ...cursorOf('15:25:15') }, false, parseSnapshot('15:100:15')!],
    ['is of a later life than what was dropped', cursorOf('5:5:', 3), true],
    ['is of an earlier life', cursorOf('99:99:', 2), true],
    ['is past the last id dropped in its replay', between(cursorOf('5:5:'), cursorOf('50:50:'), 30), false],
    ['is before the last id dropped in its replay', between(cursorOf('5:5:'), cursorOf('50:50:'), 29), true],
    ['is of another cluster', { ...cursorOf('50:50:'), system: 8n }, true],
    ['is of a life that a restore has undone', cursorOf('50:50:', 4), true],
    ['has seen transactions that a restore has undone', cursorOf('101:101:'), true],
    ['is where the log starts', startOf(log, 'events'), false],
  ])('of a cursor that %s: %#', (...[, cursor, expected, snapshot = log.snapshot]) => {
    expect(isExpired(cursor, { ...log, snapshot })).toBe(expected)
  })
})
