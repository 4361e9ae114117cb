import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closeAccount, openAccount, tokensToDeal } from '../../src/rate/account.ts'
import type { Grant } from '../../src/rate/store.ts'
import type { Bucket, Rate } from '../../src/rate/token-bucket.ts'
import { excess } from '../support/rates.ts'

const KEY = 'rate:a'
const rates: fc.Arbitrary<Rate> = fc.record({
  tokens: fc.integer({ min: 1, max: 50 }),
  intervalMs: fc.integer({ min: 1, max: 2_000 }),
  burst: fc.integer({ min: 1, max: 12 }),
})

/** What happens to one rate, in the order of time. */
const happenings = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5_000 })),
    what: fc.constantFrom('admit', 'admit', 'claim', 'claim', 'commit', 'cancel', 'forget'),
    which: fc.nat(20),
  }),
  { maxLength: 120 },
)

interface Token {
  readonly id: string
  readonly grantedAtMs: number
  /** When its task was claimed, and whether the claim has committed: before, an admission cannot see it. */
  startedAtMs: number | null
  isCommitted: boolean
  isCancelled: boolean
  /** Its row does not say when: its time is lost. */
  isForgotten: boolean
}

/** An admission with its grants in memory, by the code that the verb uses; `setAsideOf` can be made to lie. */
function simulate(
  rate: Rate,
  list: readonly { afterMs: number; what: string; which: number }[],
  count: (setAside: number) => number = (setAside) => setAside,
) {
  let nowMs = 1_000_000
  let bucket: Bucket | undefined
  let tokens: Token[] = []
  const starts: number[] = []
  let next = 0
  const grantOf = ({ id, grantedAtMs, startedAtMs, isCommitted, isCancelled, isForgotten }: Token): Grant => ({
    id,
    key: KEY,
    taskId: id,
    epoch: 0,
    state: isCancelled ? 'UNUSED' : startedAtMs !== null && isCommitted ? 'STARTED' : 'SET_ASIDE',
    grantedAtMs,
    startedAtMs: isForgotten ? null : startedAtMs,
  })
  const admit = () => {
    const ledger = { buckets: new Map(bucket && [[KEY, bucket]]), grants: tokens.map(grantOf), nowMs }
    const account = openAccount(KEY, rate, ledger)
    const given = tokensToDeal(account, count(account.setAside.length))
    const closed = closeAccount(account, { held: account.setAside, kept: [], given, isWaitedFor: true })
    bucket = closed.bucket ?? undefined
    tokens = tokens.filter(({ id }) => !account.settled.includes(id))
    for (let n = 0; n < given; n++) {
      const fresh = { startedAtMs: null, isCommitted: false, isCancelled: false, isForgotten: false }
      tokens.push({ id: String(next++), grantedAtMs: nowMs, ...fresh })
    }
    return { given, ...closed }
  }
  for (const { afterMs, what, which } of list) {
    nowMs += afterMs
    const open = tokens.filter(({ startedAtMs, isCancelled }) => startedAtMs === null && !isCancelled)
    const token = open[which % Math.max(open.length, 1)]
    const started = tokens.filter(({ startedAtMs }) => startedAtMs !== null)
    if (what === 'admit') admit()
    else if (what === 'commit') for (const one of started) one.isCommitted = true
    else if (what === 'forget') for (const one of started) one.isForgotten = true
    else if (token !== undefined && what === 'cancel') token.isCancelled = true
    else if (token !== undefined && what === 'claim') {
      token.startedAtMs = nowMs
      starts.push(nowMs)
    }
  }
  const at = (ms: number) => {
    nowMs = ms
  }
  return { starts, admit, at, now: () => nowMs }
}

test('no window holds more starts than the rate allows, however late tokens are used and starts are heard of', () => {
  fc.assert(
    fc.property(rates, happenings, (rate, list) => {
      expect(excess(simulate(rate, list).starts, rate)).toBeLessThanOrEqual(0)
    }),
    { numRuns: 2_000 },
  )
})

test('an admission that forgets what it has set aside is caught by that', () => {
  const blind = fc.property(rates, happenings, (rate, list) => {
    expect(excess(simulate(rate, list, () => 0).starts, rate)).toBeLessThanOrEqual(0)
  })
  expect(fc.check(blind, { numRuns: 2_000 }).failed).toBe(true)
})

test('a look comes no later than the token, and no earlier than it can', () => {
  fc.assert(
    fc.property(rates, happenings, (rate, list) => {
      const { admit, at, now } = simulate(rate, list)
      const { lookInMs, bucket, given } = admit()
      expect(lookInMs).not.toBeNull()
      expect(lookInMs!).toBeGreaterThan(0)
      expect(bucket).not.toBeNull()
      expect(admit().given).toBe(0)
      const nowMs = now()
      if (given > 0) return
      at(nowMs + lookInMs! - 1)
      expect(admit().given).toBe(0)
    }),
  )
})

test('tokens that are used at once come as fast as the rate says, and not one late', () => {
  fc.assert(
    fc.property(rates, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 }), (rate, pauses) => {
      let bucket: Bucket = { spent: 0, asOfMs: 0 }
      let nowMs = 0
      let started = 0
      for (const pause of [0, ...pauses]) {
        nowMs += pause
        const ledger = { buckets: new Map([[KEY, bucket]]), grants: [], nowMs }
        const account = openAccount(KEY, rate, ledger)
        const tokens = tokensToDeal(account, 0)
        // No token is lost to a full bucket while there is demand and nobody rests longer than it takes to fill.
        const grants = Array.from({ length: tokens }, (_, n): Grant => {
          const about = { key: KEY, taskId: String(n), epoch: 0, grantedAtMs: nowMs }
          return { id: String(n), ...about, state: 'STARTED', startedAtMs: nowMs }
        })
        bucket = openAccount(KEY, rate, { ...ledger, grants }).bucket
        started += tokens
        if ((Math.max(...pauses) * rate.tokens) / rate.intervalMs + 1 > rate.burst) continue
        const { burst, tokens: perInterval, intervalMs } = rate
        expect(started).toBe(Math.floor((burst * intervalMs + nowMs * perInterval) / intervalMs))
      }
    }),
  )
})

test('a bucket that is full, with nothing set aside, is forgotten', () => {
  const rate = { tokens: 1, intervalMs: 1_000, burst: 2 }
  const ledger = (spent: number, nowMs: number) => ({
    buckets: new Map([[KEY, { spent, asOfMs: 0 }]]),
    grants: [],
    nowMs,
  })
  const none = { held: [], kept: [], given: 0, isWaitedFor: false }
  expect(closeAccount(openAccount(KEY, rate, ledger(2, 1_999)), none).bucket).toEqual({ spent: 0.001, asOfMs: 1_999 })
  expect(closeAccount(openAccount(KEY, rate, ledger(2, 2_000)), none).bucket).toBeNull()
  expect(closeAccount(openAccount(KEY, null, ledger(2, 0)), none).bucket).toBeNull()
})

test('a change of the rate keeps what was spent, up to the new burst, and a clock that goes back puts nothing in', () => {
  const ledger = (nowMs: number) => ({ buckets: new Map([[KEY, { spent: 40, asOfMs: 1_000 }]]), grants: [], nowMs })
  expect(openAccount(KEY, { tokens: 1, intervalMs: 1_000, burst: 50 }, ledger(1_000)).bucket.spent).toBe(40)
  expect(openAccount(KEY, { tokens: 1, intervalMs: 1_000, burst: 3 }, ledger(1_000)).bucket.spent).toBe(3)
  const back = openAccount(KEY, { tokens: 1, intervalMs: 1_000, burst: 50 }, ledger(0)).bucket
  expect(back).toEqual({ spent: 40, asOfMs: 0 })
})

test('while every token is set aside, looks are as far apart as the token is old', () => {
  const rate = { tokens: 10, intervalMs: 1_000, burst: 1 }
  const grant: Grant = {
    ...{ id: '1', key: KEY, taskId: 'a', epoch: 0, state: 'SET_ASIDE' },
    ...{ grantedAtMs: 0, startedAtMs: null },
  }
  const lookAt = (nowMs: number) => {
    const account = openAccount(KEY, rate, { buckets: new Map(), grants: [grant], nowMs })
    return closeAccount(account, { held: account.setAside, kept: [], given: 0, isWaitedFor: true }).lookInMs
  }
  expect([0, 100, 200, 400].map(lookAt)).toEqual([100, 100, 200, 400])
})
