import { describe, expect, test } from 'vitest'
import { checkWait } from '../../src/wait/check-wait.ts'
import { holdsFor } from '../../src/wait/condition.ts'
import { matchWaits } from '../../src/wait/match-waits.ts'

const event = { key: 'order', payload: { total: 7, tags: ['a'], nested: { ok: true } }, sender: 'shop' }

describe('a condition over an event', () => {
  test.each([
    ['payload.total > 5', true],
    ['payload.total == 7', true],
    ['payload.total < 5', false],
    ['"a" in payload.tags && payload.nested.ok', true],
    ['key.startsWith("ord") && sender == "shop"', true],
    ['has(payload.missing) && payload.missing > 1', false],
  ])('%s is %s', (condition, value) => {
    expect(holdsFor(condition, event)).toEqual({ ok: true, value })
  })

  test.each([
    ['payload.missing > 1', 'EVALUATION'],
    ['payload.total > "x"', 'EVALUATION'],
    ['payload', 'EVALUATION'],
    ['payload.', 'SYNTAX'],
    ['nobody == 1', 'TYPE'],
  ])('%s cannot be judged: %s', (condition, kind) => {
    expect(holdsFor(condition, event)).toMatchObject({ ok: false, problem: { kind } })
  })

  test('is given time again when the machine was too busy, but not for ever', () => {
    const long = { ...event, payload: Array.from({ length: 3_000 }, (_, n) => n) }
    const begun = performance.now()
    const answer = holdsFor('payload.all(a, payload.all(b, payload.all(c, a + b + c >= 0.0)))', long)
    expect(answer).toMatchObject({ ok: false, problem: { kind: 'TIME' } })
    expect(performance.now() - begun).toBeGreaterThan(3 * 45)
  })

  test('is judged once for all waits that have it, and one that fails leaves the others be', async () => {
    const wait = (id: string, condition: string | null) => ({ id, taskId: id, epoch: 1, condition })
    const { matching, failed } = await matchWaits(event, [
      wait('1', null),
      wait('2', 'payload.total == 7'),
      wait('3', 'payload.missing'),
      wait('4', 'payload.total == 8'),
      wait('5', 'payload.total == 7'),
    ])
    expect(matching.map(({ id }) => id)).toEqual(['1', '2', '5'])
    expect(failed).toMatchObject([{ wait: { id: '3' }, problem: expect.stringContaining('missing') }])
  })
})

describe('a wait', () => {
  test.each([
    [{ key: 'k' }, []],
    [{ timeoutMs: 0 }, []],
    [{ key: 'k', condition: 'true', lookBackMs: 5, timeoutMs: 5 }, []],
    [{ key: '' }, ['key']],
    [{ key: 'a\0' }, ['key']],
    [{ key: '\ud800' }, ['key']],
    [{ key: 5 as unknown as string }, ['key']],
    [{ condition: 'true' }, ['key']],
    [{ lookBackMs: 5 }, ['key']],
    [{ key: 'k', condition: 'x'.repeat(4_001) }, ['condition']],
    [{ key: 'k', condition: '"text"' }, ['condition']],
    [{ key: 'k', timeoutMs: Number.NaN, lookBackMs: -1 }, ['timeoutMs', 'lookBackMs']],
  ])('%j: %j is wrong', (wait, fields) => {
    expect(checkWait(wait).map(({ field }) => field)).toEqual(fields)
  })
})
