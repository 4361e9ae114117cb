/** How often something may start: so many times in each interval, and so many at once after a rest. */
export interface Rate {
  /** At least 1. */
  readonly tokens: number
  /** Milliseconds, at least 1. */
  readonly intervalMs: number
  /** Tokens that a full bucket holds, at least 1. */
  readonly burst: number
}

/**
 * A bucket of tokens; each start takes one, and time puts them back until it is full.
 *
 * It counts starts, not permissions to start: a token that a task has been given and not used stays in the bucket, set
 * aside. So in any window of length w at most `burst + w × tokens / intervalMs` start, also when those that were given
 * tokens lie unclaimed for an hour and then start at once.
 */
export interface Bucket {
  /** Tokens missing at `asOfMs`, from 0 to the burst. */
  readonly spent: number
  /** Milliseconds since 1970, whole. */
  readonly asOfMs: number
}

/** The bucket as time has filled it since. A clock that went back puts nothing in, and a burst that was cut takes nothing out. */
export function refill({ spent, asOfMs }: Bucket, rate: Rate, nowMs: number): Bucket {
  const shares = sharesOf(Math.min(spent, rate.burst), rate)
  const passedMs = Math.max(nowMs - asOfMs, 0)
  const left = passedMs * rate.tokens >= shares ? 0 : shares - passedMs * rate.tokens
  return { spent: left / rate.intervalMs, asOfMs: nowMs }
}

/**
 * The bucket after some starts. One that is heard of late, behind others that came after it, counts as of those: it may
 * cost some waiting, never a start too many.
 *
 * @param startsMs when they were; in any order
 */
export function spend(bucket: Bucket, rate: Rate, startsMs: readonly number[]): Bucket {
  return startsMs
    .toSorted((a, b) => a - b)
    .reduce((before, atMs) => {
      const { spent, asOfMs } = atMs > before.asOfMs ? refill(before, rate, atMs) : before
      return { spent: spent + 1, asOfMs }
    }, bucket)
}

/**
 * Tokens that may be given at the time of the bucket.
 *
 * @param setAside tokens that were given and are not used yet
 */
export function freeTokens({ spent }: Bucket, rate: Rate, setAside: number): number {
  const { burst, intervalMs } = rate
  return Math.max(Math.floor((burst * intervalMs - sharesOf(spent, rate)) / intervalMs) - setAside, 0)
}

/**
 * When the next token can be given, in milliseconds since 1970; null when none comes before one that was set aside is used
 * or given back.
 *
 * @param setAside as for {@link freeTokens}
 */
export function nextTokenAtMs({ spent, asOfMs }: Bucket, rate: Rate, setAside: number): number | null {
  const { tokens, intervalMs, burst } = rate
  if (setAside >= burst) return null
  const missing = Math.max(sharesOf(spent, rate) - (burst - setAside - 1) * intervalMs, 0)
  return asOfMs + Math.ceil(missing / tokens)
}

/**
 * Spent tokens in whole shares: a token is worth as many as its interval has milliseconds, and each millisecond gives back
 * as many as the interval has tokens. In these nothing is ever rounded; what was counted under another rate is rounded up.
 */
function sharesOf(spent: number, { intervalMs }: Rate): number {
  return Math.ceil(spent * intervalMs - 0.01)
}
