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
export function refill({ spent, asOfMs }: Bucket, { tokens, intervalMs, burst }: Rate, nowMs: number): Bucket {
  const back = (Math.max(nowMs - asOfMs, 0) * tokens) / intervalMs
  return { spent: Math.min(Math.max(spent - back, 0), burst), asOfMs: nowMs }
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
export function freeTokens({ spent }: Bucket, { burst }: Rate, setAside: number): number {
  return Math.max(Math.floor(burst - spent - setAside), 0)
}

/**
 * When the next token can be given, in milliseconds since 1970, rounded up; null when none comes before one that was set
 * aside is used or given back.
 */
export function nextTokenAtMs(
  { spent, asOfMs }: Bucket,
  { tokens, intervalMs, burst }: Rate,
  setAside: number,
): number | null {
  if (setAside >= burst) return null
  const missing = Math.max(spent - (burst - setAside - 1), 0)
  return asOfMs + Math.ceil((missing * intervalMs) / tokens)
}
