import type { Grant, Ledger } from './store.ts'
import { type Bucket, freeTokens, nextTokenAtMs, type Rate, refill, spend } from './token-bucket.ts'

/** A rate as an admission finds it: what has started since the last look is counted. */
export interface Account {
  readonly key: string
  /** Null where no rate is set: tasks start as they come. */
  readonly rate: Rate | null
  readonly bucket: Bucket
  /** Tokens that were given and may be used at any moment, in the order of their tasks. */
  readonly setAside: readonly Grant[]
  /** Ids of grants that are used up, or cannot be used any more. */
  readonly settled: readonly string[]
}

/** Counts what has become of the tokens of one rate. A start whose time nobody knows any more counts as of now. */
export function openAccount(key: string, rate: Rate | null, { buckets, grants, nowMs }: Ledger): Account {
  const own = grants.filter((grant) => grant.key === key)
  const before = buckets.get(key) ?? { spent: 0, asOfMs: nowMs }
  const setAside = own.filter(({ state }) => state === 'SET_ASIDE')
  if (rate === null)
    return { key, rate, bucket: { spent: 0, asOfMs: nowMs }, setAside: [], settled: own.map(({ id }) => id) }
  const starts = own.flatMap(({ state, startedAtMs }) => (state === 'STARTED' ? [startedAtMs ?? nowMs] : []))
  return {
    key,
    rate,
    bucket: refill(spend(before, rate, starts), rate, nowMs),
    setAside,
    settled: own.flatMap(({ id, state }) => (state === 'SET_ASIDE' ? [] : [id])),
  }
}

/**
 * Tokens that can be dealt, to those that wait and to those that were given some before and may have to give way.
 *
 * @param held tokens set aside that stay where they are
 */
export function tokensToDeal({ rate, bucket }: Account, held: number): number {
  return rate === null ? Number.POSITIVE_INFINITY : freeTokens(bucket, rate, held)
}

/** What an admission has decided on the tokens of one rate. */
export interface Dealt {
  /** Set aside and not dealt anew. */
  readonly held: readonly Grant[]
  /** Dealt anew, and to the same task. */
  readonly kept: readonly Grant[]
  /** Tokens given to others. */
  readonly given: number
  /** Whether anybody waits for one. */
  readonly isWaitedFor: boolean
}

export interface ClosedAccount {
  /** Null for one that is full and has nothing set aside: it is forgotten. */
  readonly bucket: Bucket | null
  /** Milliseconds until a token may be there for who waits; null when nobody does. */
  readonly lookInMs: number | null
}

/**
 * The bucket as it is kept, and when to look at it again.
 *
 * While all tokens are set aside none can come before one is used, of which nobody tells: the first look comes when the
 * next token could be there at the earliest, later ones after as long again as it has taken so far.
 */
export function closeAccount({ rate, bucket }: Account, { held, kept, given, isWaitedFor }: Dealt): ClosedAccount {
  if (rate === null) return { bucket: null, lookInMs: null }
  const setAside = held.length + kept.length + given
  const remains = bucket.spent === 0 && setAside === 0 ? null : bucket
  if (!isWaitedFor) return { bucket: remains, lookInMs: null }
  const nextAtMs = nextTokenAtMs(bucket, rate, setAside)
  if (nextAtMs !== null) return { bucket: remains, lookInMs: nextAtMs - bucket.asOfMs }
  const last = given > 0 ? bucket.asOfMs : Math.max(...[...held, ...kept].map(({ grantedAtMs }) => grantedAtMs))
  return { bucket: remains, lookInMs: Math.max(Math.ceil(rate.intervalMs / rate.tokens), bucket.asOfMs - last) }
}
