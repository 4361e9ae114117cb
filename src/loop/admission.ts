import { admitTasks } from '../engine/admit-tasks.ts'
import type { Engine } from '../engine/engine.ts'
import { readStaleBuckets } from '../rate/store.ts'
import { readWaitedFor } from '../task/store/admission.ts'
import { createLooks } from './looks.ts'
import { type Periodic, startPeriodic } from './periodic.ts'

/** Limits settled by one transaction. */
const BATCH = 50
/** Limits that one sweep looks at; the next goes on behind them. */
const SWEEP = 1_000
/** Buckets that nobody has looked at for so long may be full and forgotten. */
const STALE_MS = 60_000
/** Two looks at one limit are so far apart, in milliseconds: tokens that come faster are dealt together. */
const LEAST_PAUSE_MS = 5

export interface Admission {
  /** @param message what the bell `limits` carries */
  ring(message: string | undefined): void
  stop(): Promise<void>
}

/**
 * Gives free slots and tokens to who waits for them: slots at once where a bell says so, tokens when their time comes, and
 * both in a sweep over all limits that somebody waits at, for bells that were lost and processes that died in between.
 *
 * @param sweepMs time between two sweeps, in milliseconds
 */
export function startAdmission(engine: Engine, sweepMs: number, onError: (error: unknown) => void): Admission {
  const rung = new Map<string, Set<string>>()
  const looks = createLooks()
  let place = { tenant: '', key: '' }
  let bucketPlace = place
  let sweepAt = 0
  let alarm: NodeJS.Timeout | undefined

  const add = (tenant: string, keys: readonly string[]): void => {
    const waiting = rung.get(tenant) ?? new Set()
    rung.set(tenant, waiting)
    for (const key of keys) waiting.add(key)
  }

  const sweep = async (): Promise<void> => {
    const found = await readWaitedFor(engine.db, place, SWEEP)
    place = found.length === SWEEP ? found.at(-1)! : { tenant: '', key: '' }
    for (const { tenant, key } of found) add(tenant, [key])
    const buckets = await readStaleBuckets(engine.db, bucketPlace, STALE_MS, SWEEP)
    bucketPlace = buckets.length === SWEEP ? buckets.at(-1)! : { tenant: '', key: '' }
    for (const { tenant, key, isStale } of buckets) if (isStale) add(tenant, [key])
  }

  const settle = async (): Promise<void> => {
    for (const { tenant, key } of looks.takeDue(performance.now())) add(tenant, [key])
    for (const [tenant, waiting] of [...rung]) {
      rung.delete(tenant)
      const keys = [...waiting]
      for (let from = 0; from < keys.length; from += BATCH) {
        const admitted = await admitTasks(engine, tenant, keys.slice(from, from + BATCH))
        const now = performance.now()
        for (const { key, inMs } of admitted.looks) looks.set(tenant, key, now + Math.max(inMs, LEAST_PAUSE_MS))
      }
    }
  }

  const setAlarm = (): void => {
    clearTimeout(alarm)
    const atMs = looks.nextAtMs()
    // Later ones get theirs after a later sweep: a timer of a month would not hold.
    if (atMs === null || atMs - performance.now() > 2 * sweepMs) return
    alarm = setTimeout(() => loop.wake(), Math.max(atMs - performance.now(), 0))
  }

  const loop: Periodic = startPeriodic({
    everyMs: sweepMs,
    run: async () => {
      if (performance.now() >= sweepAt) {
        await sweep()
        sweepAt = performance.now() + sweepMs * 0.9
      }
      await settle()
      setAlarm()
    },
    onError,
  })
  return {
    ring(message) {
      if (message === undefined) {
        // Messages may have been missed.
        sweepAt = 0
      } else {
        const { tenant, keys } = JSON.parse(message) as { tenant: string; keys: string[] }
        add(tenant, keys)
      }
      loop.wake()
    },
    async stop() {
      await loop.stop()
      clearTimeout(alarm)
    },
  }
}
