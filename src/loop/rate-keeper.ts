import { enforceRates, FIRST_PLACE } from '../engine/enforce-rates.ts'
import type { Engine } from '../engine/engine.ts'
import { startPeriodic } from './periodic.ts'

export interface RateKeeper {
  /** Rates may have changed: looks at everything, now. */
  wake(): void
  stop(): Promise<void>
}

/**
 * Puts what waits under the rates that were set since: page by page as time goes by, and all of it at once after a bell.
 *
 * @param everyMs time between two looks, in milliseconds
 */
export function startRateKeeper(engine: Engine, everyMs: number, onError: (error: unknown) => void): RateKeeper {
  let place = FIRST_PLACE
  let isStopping = false
  let isChanged = true
  const loop = startPeriodic({
    everyMs,
    run: async () => {
      if (isChanged) place = FIRST_PLACE
      const isWhole = isChanged
      isChanged = false
      do {
        place = await enforceRates(engine, place)
      } while (isWhole && place !== FIRST_PLACE && !isChanged && !isStopping)
    },
    onError,
  })
  return {
    wake() {
      isChanged = true
      loop.wake()
    },
    async stop() {
      isStopping = true
      await loop.stop()
    },
  }
}
