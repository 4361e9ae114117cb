import { admitTasks } from '../engine/admit-tasks.ts'
import type { Engine } from '../engine/engine.ts'
import { readWaitedFor } from '../task/store/admission.ts'
import { type Periodic, startPeriodic } from './periodic.ts'

/** Limits settled by one transaction. */
const BATCH = 50
/** Limits that one sweep looks at; the next goes on behind them. */
const SWEEP = 1_000

export interface Admission {
  /** @param message what the bell `limits` carries */
  ring(message: string | undefined): void
  stop(): Promise<void>
}

/**
 * Gives free slots to who waits for them: at once where a bell says so, and in a sweep over all limits that somebody waits
 * at, for bells that were lost and processes that died between an end and its bell.
 *
 * @param sweepMs time between two sweeps, in milliseconds
 */
export function startAdmission(engine: Engine, sweepMs: number, onError: (error: unknown) => void): Admission {
  const rung = new Map<string, Set<string>>()
  let place = { tenant: '', key: '' }
  let sweepAt = 0

  const add = (tenant: string, keys: readonly string[]): void => {
    const waiting = rung.get(tenant) ?? new Set()
    rung.set(tenant, waiting)
    for (const key of keys) waiting.add(key)
  }

  const sweep = async (): Promise<void> => {
    const found = await readWaitedFor(engine.db, place, SWEEP)
    place = found.length === SWEEP ? found.at(-1)! : { tenant: '', key: '' }
    for (const { tenant, key } of found) add(tenant, [key])
  }

  const settle = async (): Promise<void> => {
    for (const [tenant, waiting] of [...rung]) {
      rung.delete(tenant)
      const keys = [...waiting]
      for (let from = 0; from < keys.length; from += BATCH)
        await admitTasks(engine, tenant, keys.slice(from, from + BATCH))
    }
  }

  const loop: Periodic = startPeriodic({
    everyMs: sweepMs,
    run: async () => {
      if (performance.now() >= sweepAt) {
        await sweep()
        sweepAt = performance.now() + sweepMs * 0.9
      }
      await settle()
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
    stop: () => loop.stop(),
  }
}
