import fc from 'fast-check'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalJson, toJsonText } from '../../src/task/json-text.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { sized } from '../support/size.ts'

const LIMIT = 1_048_576

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await freshDatabase()
  pool = database.pool
})
afterAll(() => database.drop())

/** Texts where the database's JSON and JavaScript's disagree, and those that only look like it. */
const nastyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom('\\', 'u0000', '\\u0000', '\u0000', '\ud800', '\udc00', '\ud83d\ude00', 'ud800', '"', 'x', '\n'),
    )
    .map((parts) => parts.join('')),
)
/** Without a backslash at the end: JSON.parse of V8 13.6 can take the key `"` for `\\` when it has read an object with that key before. */
const nastyKey = nastyText.map((text) => text.replace(/\\+$/, ''))
const nasty = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    nastyText,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(nastyKey, tie('value'), { maxKeys: 5 }),
  ),
})).value

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** What jsonb makes of a text: the value, or that it refused. */
async function stored(text: string): Promise<{ value: unknown } | { error: string }> {
  try {
    const { rows } = await pool.query('SELECT $1::jsonb AS value', [text])
    return { value: rows[0].value }
  } catch (error) {
    return { error: String(error) }
  }
}

describe('JSON text', () => {
  test('is taken by jsonb exactly when it was accepted, and comes back equal', async () => {
    await fc.assert(
      fc.asyncProperty(nasty, async (value) => {
        const json = toJsonText(value, LIMIT)
        const kept = await stored(json.ok ? json.text : JSON.stringify(value))
        if (!json.ok) expect(kept).toHaveProperty('error')
        else expect(kept).toEqual({ value: JSON.parse(json.text) })
      }),
      { numRuns: sized(1_000, 30_000) },
    )
  })

  test.each([10, 500, 999])('may nest %d deep', async (depth) => {
    const json = toJsonText(nested(depth), LIMIT)
    if (!json.ok) throw new Error(JSON.stringify(json.refusal))
    expect(await stored(json.text)).toHaveProperty('value')
  })

  test.each([1_001, 6_000, 100_000])(
    'is refused when it nests %d deep, before the database runs out of stack',
    (depth) => {
      expect(toJsonText(nested(depth), LIMIT)).toMatchObject({ ok: false, refusal: { kind: 'not_json' } })
    },
  )

  test('counts brackets within strings as text', () => {
    expect(toJsonText(['['.repeat(5_000), '"{'.repeat(5_000), '\\'], LIMIT).ok).toBe(true)
  })

  test('is measured in bytes of UTF-8', () => {
    expect(toJsonText('é'.repeat(10), 22).ok).toBe(true)
    expect(toJsonText('é'.repeat(10), 21)).toEqual({
      ok: false,
      refusal: { kind: 'too_large', bytes: 22, limit: 21 },
    })
  })

  test('of a megabyte is made and checked within a moment', () => {
    const startedAt = performance.now()
    for (let round = 0; round < 10; round++) {
      expect(toJsonText({ a: '\\'.repeat(LIMIT / 2 - 10) }, LIMIT).ok).toBe(true)
      expect(
        toJsonText(
          Array.from({ length: 200_000 }, () => [1]),
          LIMIT,
        ).ok,
      ).toBe(true)
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

describe('what has no JSON form is refused, never thrown', () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const throwing = (thrown: unknown) => ({
    toJSON() {
      throw thrown
    },
  })
  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a BigInt', 1n],
    ['a nested BigInt', { a: [1n] }],
    ['a cycle', cycle],
    ['a getter that throws', Object.defineProperty({}, 'x', { enumerable: true, get: () => JSON.parse('{') })],
    ['a toJSON that throws an Error', throwing(new Error('no\nsecond line'))],
    ['a toJSON that throws what cannot be shown', throwing(Object.create(null))],
    [
      'a toJSON that throws an error with a message that throws',
      throwing(Object.defineProperty(new Error(''), 'message', { get: () => JSON.parse('{') })),
    ],
    ['a revoked proxy', revoked()],
    ['a NUL character', 'a\0b'],
    ['a NUL character in a key', { 'a\0b': 1 }],
    ['half a surrogate pair', '\ud83d'],
    ['the other half in a key', { '\ude00': 1 }],
  ])('%s', (_what, value) => {
    const json = toJsonText(value, LIMIT)
    expect(json).toMatchObject({ ok: false, refusal: { kind: 'not_json', why: expect.any(String) } })
  })

  test('but members that are undefined, dates and boxed values follow JSON.stringify', () => {
    expect(toJsonText({ a: undefined, b: new Date(0), c: Object(1), d: Number.NaN }, LIMIT)).toEqual({
      ok: true,
      text: '{"b":"1970-01-01T00:00:00.000Z","c":1,"d":null}',
    })
  })
})

describe('canonical JSON', () => {
  test('is the same for equal values whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('differs for different values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const isSame = canonicalJson(a) === canonicalJson(b)
        expect(isSame).toBe(fc.stringify(JSON.parse(canonicalJson(a))) === fc.stringify(JSON.parse(canonicalJson(b))))
      }),
    )
  })
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  )
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
