import { setTimeout as delay } from 'node:timers/promises'
import { startMember } from './member.ts'
import { percentile } from './percentile.ts'
import { clockMs, type Run, type SetupName, type SystemName } from './system.ts'
import type { World } from './world.ts'

export interface LatencyResult {
  readonly system: SystemName
  readonly setup: SetupName
  /** From before the task is sent until its handler starts in another process, in milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly samples: number
}

/** Tasks before the first sample: connections open, plans are made, code is compiled. */
const WARM_UP = 50

/** One task at a time on an idle system, with a pause of random length between, so that no poll falls into step. */
export async function measureLatency(
  world: World,
  { system, setup }: { system: SystemName; setup: SetupName },
  { samples, seconds }: { samples: number; seconds: number },
): Promise<LatencyResult> {
  return world.inEmptyPlace(system, async (place) => {
    const run: Run = {
      ...place,
      system,
      setup,
      hasHistory: false,
      part: 'latency',
      slots: null,
      handlerMs: 0,
      strategy: null,
    }
    const waits: number[] = []
    let arrived: () => void = () => undefined
    const sender = await startMember(run)
    const worker = await startMember(run, ({ waitsMs }) => {
      waits.push(...waitsMs)
      arrived()
    })
    try {
      await sender.ask('install')
      await sender.ask('openSender')
      await worker.ask('startWorker', { watch: 'ping' })
      const end = clockMs() + seconds * 1_000
      for (let sent = 1; sent <= WARM_UP + samples && clockMs() < end; sent++) {
        const here = new Promise<void>((resolve) => {
          arrived = () => waits.length >= sent && resolve()
        })
        await sender.ask('flood', { client: 'ping', count: 1, batch: 1 })
        arrived()
        await here
        await delay(5 + Math.random() * 40)
      }
      // A system that polls every second or two warms up with the first of few samples.
      const counted = waits.slice(waits.length > 2 * WARM_UP ? WARM_UP : 1)
      return { system, setup, p50: percentile(counted, 0.5), p99: percentile(counted, 0.99), samples: counted.length }
    } finally {
      await Promise.all([sender.end(), worker.end()])
    }
  })
}
