import { setTimeout as delay } from 'node:timers/promises'
import { startMember } from './member.ts'
import { percentile } from './percentile.ts'
import type { Run, SystemName } from './system.ts'
import type { World } from './world.ts'

export interface FairnessResult {
  readonly system: SystemName
  /** Of ours; null is the default. */
  readonly strategy: string | null
  /** Tasks that the quiet client sent. */
  readonly sent: number
  /** Of them, those whose handler had not started when the run ended. */
  readonly unstarted: number
  /** Wait of the quiet client's tasks in milliseconds, those that never started counted as endless (null). */
  readonly p50: number | null
  readonly p99: number | null
}

const SLOTS = 50
const HANDLER_MS = 50
const PER_SECOND = 10
/** After the last task was sent, in milliseconds. */
const PATIENCE_MS = 2_000

/** One client has filled the queue; another sends ten tasks a second. How long do those wait? */
export async function measureFairness(
  world: World,
  { system, strategy }: { system: SystemName; strategy: string | null },
  { flood, seconds }: { flood: number; seconds: number },
): Promise<FairnessResult> {
  return world.inEmptyPlace(system, async (place) => {
    const run: Run = {
      ...place,
      system,
      setup: 'best',
      hasHistory: false,
      part: 'fairness',
      slots: SLOTS,
      handlerMs: HANDLER_MS,
      strategy,
    }
    const waits: number[] = []
    const sender = await startMember(run)
    const worker = await startMember(run, ({ waitsMs }) => void waits.push(...waitsMs))
    try {
      await sender.ask('install')
      await sender.ask('openSender')
      await sender.ask('flood', { client: 'flood', count: flood, batch: 500 })
      await worker.ask('startWorker', { watch: 'quiet' })
      await sender.ask('trickle', { client: 'quiet', perSecond: PER_SECOND, seconds })
      await delay(PATIENCE_MS)
      const sent = PER_SECOND * seconds
      const unstarted = sent - waits.length
      const all = [...waits, ...Array.from({ length: unstarted }, () => Number.POSITIVE_INFINITY)]
      const at = (share: number): number | null => {
        const wait = percentile(all, share)
        return Number.isFinite(wait) ? wait : null
      }
      return { system, strategy, sent, unstarted, p50: at(0.5), p99: at(0.99) }
    } finally {
      await Promise.all([sender.end(), worker.end()])
    }
  })
}
