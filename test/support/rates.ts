import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { configureScheduling } from '../../src/engine/configure-scheduling.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { type Admission, startAdmission } from '../../src/loop/admission.ts'
import { startRateKeeper } from '../../src/loop/rate-keeper.ts'
import type { RateLimit } from '../../src/rate/check-rates.ts'
import type { Rate } from '../../src/rate/token-bucket.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { ACTOR, type TestEngine } from './engine.ts'
import { completing } from './verbs.ts'

/** A rate of the type `work`, unless a key pattern is given. */
export function rateOf(tokens: number, intervalMs: number, burst: number, keyPattern?: string): RateLimit {
  const about = keyPattern === undefined ? { scope: 'TYPE', pattern: 'work' } : { scope: 'KEY', pattern: keyPattern }
  return { ...(about as Pick<RateLimit, 'scope' | 'pattern'>), tokens, intervalMs, burst }
}

export async function setRates(engine: Engine, ...rateLimits: RateLimit[]): Promise<void> {
  const result = await configureScheduling(engine, ACTOR, { rateLimits })
  if (!result.ok) throw new Error(JSON.stringify(result.refusal))
}

/** The largest number of starts by which a window held more than the rate allows; 0 or less where none did. */
export function excess(startsMs: readonly number[], { tokens, intervalMs, burst }: Rate): number {
  const starts = startsMs.toSorted((a, b) => a - b)
  // Over windows that begin and end with a start: (i - rate × start of i) at most burst - 1 above its least before.
  let least = Number.POSITIVE_INFINITY
  let worst = Number.NEGATIVE_INFINITY
  for (const [index, at] of starts.entries()) {
    const level = index - ((at - starts[0]!) * tokens) / intervalMs
    least = Math.min(least, level)
    worst = Math.max(worst, level - least + 1 - burst)
  }
  return Math.round(worst * 1e6) / 1e6
}

/** A scheduler's admission over an engine whose bells reach it, with others of its kind beside it. */
export interface LiveRates {
  readonly engine: Engine
  readonly errors: unknown[]
  stop(): Promise<void>
}

export function startRates(base: TestEngine, { schedulers = 1, sweepMs = 1_000 } = {}): LiveRates {
  const admissions: Admission[] = []
  const errors: unknown[] = []
  const engine: TestEngine = {
    ...base,
    channel: {
      publish: (topic, payload) => {
        base.channel.publish(topic, payload)
        if (topic !== 'limits') return
        for (const admission of admissions) admission.ring(payload)
        if (payload === undefined) for (const keeper of keepers) keeper.wake()
      },
    },
  }
  const onError = (error: unknown) => void errors.push(error)
  const keepers = Array.from({ length: schedulers }, () => startRateKeeper(engine, sweepMs, onError))
  for (let n = 0; n < schedulers; n++) admissions.push(startAdmission(engine, sweepMs, onError))
  return {
    engine,
    errors,
    stop: async () => {
      await Promise.all([...admissions, ...keepers].map((loop) => loop.stop()))
    },
  }
}

/** Claims and ends over and over until told to stop: a worker whose handlers take no time. */
export async function drain(
  engine: Engine,
  workerId: string,
  signal: AbortSignal,
  end: (task: ClaimedTask) => ReturnType<typeof completing> = completing,
): Promise<void> {
  while (!signal.aborted) {
    const request = { tenant: 'default', workerId, queue: 'default', types: ['work'], limit: 10 }
    const { tasks } = await claimTasks(engine, request)
    if (tasks.length > 0) await endAttempts(engine, ACTOR, tasks.map(end))
    else await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
