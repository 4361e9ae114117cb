import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TaskFailure } from '../../src/worker/handler.ts'
import { errorFromThrown } from '../../src/worker/thrown.ts'

function refusing(): never {
  throw new Error('trapped')
}

const cycle: Record<string, unknown> = { name: 'round' }
cycle.self = cycle
const withCause = new Error('outer', { cause: cycle })
const hostile = new Proxy({}, { get: refusing, getPrototypeOf: refusing, ownKeys: refusing, has: refusing })
const hostileError = new Proxy(new Error('inside'), { get: refusing })
const { proxy: revokedProxy, revoke } = Proxy.revocable({}, {})
revoke()

const THROWN: readonly (readonly [string, unknown, RegExp])[] = [
  ['an Error', new Error('no'), /^no$/],
  ['an Error without a message', new TypeError(''), /^TypeError$/],
  ['an Error without message and name', Object.assign(new Error(''), { name: '' }), /./],
  ['an Error whose name is no text', Object.assign(new Error(''), { name: 7 }), /./],
  ['an Error with a cycle', withCause, /^outer$/],
  ['a string', 'plain', /^plain$/],
  ['an empty string', '', /empty string/],
  ['undefined', undefined, /undefined/],
  ['null', null, /null/],
  ['a number', 42, /42/],
  ['a symbol', Symbol('s'), /Symbol/],
  ['a BigInt', 1n, /1n/],
  ['a function', refusing, /Function/],
  ['an object', { code: 7 }, /code: 7/],
  ['a cycle', cycle, /round/],
  ['an object without prototype', Object.create(null), /null prototype/],
  ['a message that throws', Object.defineProperty(new Error('x'), 'message', { get: refusing }), /cannot be shown/],
  ['a stack that throws', Object.defineProperty(new Error('fine'), 'stack', { get: refusing }), /^fine$/],
  ['an inspection that throws', { [inspect.custom]: refusing }, /cannot be shown/],
  ['a Proxy that refuses everything', hostile, /./],
  ['a Proxy around an Error that refuses everything', hostileError, /./],
  ['a revoked Proxy', revokedProxy, /./],
  ['a NUL character', new Error('a\0b'), /^a\uFFFDb$/],
  ['half a surrogate pair', '\ud83d', /^\uFFFD$/],
  ['a rejected promise', Promise.resolve(1), /Promise/],
]

describe('whatever a handler throws becomes a clean error', () => {
  test.each(THROWN)('%s', (_what, thrown, message) => {
    const error = errorFromThrown(thrown, 3)
    expect(error).toMatchObject({ code: 'HANDLER_ERROR', retryable: true, attempt: 3 })
    expect(error.message).toMatch(message)
    expect(error.message.isWellFormed()).toBe(true)
  })

  test('a TaskFailure keeps its code and whether it may be repeated', () => {
    const failure = new TaskFailure('QUOTA_USED', 'come back tomorrow', { retryable: false, cause: new Error('429') })
    expect(errorFromThrown(failure, 1)).toMatchObject({
      code: 'QUOTA_USED',
      message: 'come back tomorrow',
      retryable: false,
      stack: expect.stringContaining('come back tomorrow'),
    })
  })

  test('a TaskFailure that was tampered with does no harm', () => {
    const broken = Object.defineProperties(new TaskFailure('A', 'a'), {
      code: { get: refusing },
      message: { get: refusing },
      retryable: { value: 'yes' },
    })
    expect(errorFromThrown(broken, 1)).toMatchObject({ code: 'HANDLER_ERROR', retryable: true, attempt: 1 })
    const empty = Object.assign(new TaskFailure('', ''), { code: '\0'.repeat(0) })
    expect(errorFromThrown(empty, 1)).toMatchObject({ code: 'HANDLER_ERROR' })
  })

  test('long texts are cut, and not through the middle of a character', () => {
    const error = errorFromThrown(new Error(`x${'😀'.repeat(20_000)}`), 1)
    expect(error.message.length).toBeLessThanOrEqual(10_000)
    expect(error.message.isWellFormed()).toBe(true)
    expect(error.stack!.length).toBeLessThanOrEqual(20_000)
  })

  test('anything at all', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withNullPrototype: true, withSet: true, withMap: true }),
        (thrown) => {
          const error = errorFromThrown(thrown, 1)
          expect(JSON.parse(JSON.stringify(error))).toEqual(error)
          expect(`${error.code}${error.message}${error.stack ?? ''}`).not.toContain('\0')
        },
      ),
    )
  })
})
