import { setTimeout as delay } from 'node:timers/promises'
import { type ClaimAnswer, type ClaimTasks, claimTasks } from '../../engine/claim-tasks.ts'
import type { Engine } from '../../engine/engine.ts'
import { returnUnheld } from '../../engine/return-unheld.ts'
import type { Bells, Ear } from '../../infra/channel/bells.ts'
import { readEndedLeases } from '../../worker/store/leases.ts'
import { beatWorker, readWorkerState, type WorkerState } from '../../worker/store/workers.ts'

/** No request waits longer, in milliseconds: proxies cut those that do. */
export const LONGEST_WAIT_MS = 25_000
/** Looks without a bell, in milliseconds. */
const POLL_MS = 1_000
/** Claims of one worker that wait at once; a further one ends the oldest. */
const MOST_WAITING = 4
/** Claims of this process that are with the database at once, so that a bell does not take all its connections. */
const MOST_CLAIMING = 4
/** Longest pause before tasks are asked for again that rivals hold, in milliseconds. */
const LONGEST_MISS_MS = 100

export type WorkerTopic = 'claimable' | 'revoked' | 'leased'

export interface Lease {
  /** uuid */
  readonly taskId: string
  readonly epoch: number
}

export interface ClaimWait extends ClaimTasks {
  readonly requestId: string
  /** Longest wait for work, in milliseconds. */
  readonly waitMs: number
}

export interface HeartbeatWait {
  readonly tenant: string
  readonly workerId: string
  /** All leases that the worker knows of; undefined when it does not say. */
  readonly held: readonly Lease[] | undefined
  /** Longest wait for news, in milliseconds. */
  readonly waitMs: number
  /** The worker knows that it drains: that is no news. */
  readonly isDraining: boolean
}

export interface EndedLease extends Lease {
  /** Where the task stands; null when it is gone. */
  readonly status: string | null
}

/** The requests of workers that may wait: they hold neither connection nor transaction meanwhile. */
export interface WorkerWaits {
  /** @returns null when there is no such worker */
  claim(
    input: ClaimWait,
    signal: AbortSignal,
  ): Promise<(ClaimAnswer & { readonly state: WorkerState; readonly waitedMs: number }) | null>
  /** @returns null when there is no such worker */
  heartbeat(
    input: HeartbeatWait,
    signal: AbortSignal,
  ): Promise<{ readonly state: WorkerState; readonly leaseMs: number; readonly ended: readonly EndedLease[] } | null>
}

export function createWorkerWaits({
  engine,
  bells,
}: {
  readonly engine: Engine
  readonly bells: Bells<WorkerTopic>
}): WorkerWaits {
  const seats = createSeats()
  const gate = createGate(MOST_CLAIMING)

  /** Claims now, unless the client is gone: it must not be handed what it cannot take. */
  const claimUnlessGone = (input: ClaimWait, signal: AbortSignal): Promise<ClaimAnswer> =>
    gate(async () => (signal.aborted ? { tasks: [], hasMore: false } : claimTasks(engine, input)))

  const untilClaimed = async (input: ClaimWait, ear: Ear<WorkerTopic>, signal: AbortSignal) => {
    const since = performance.now()
    for (;;) {
      const waitedMs = performance.now() - since
      const claim = await claimUnlessGone(input, signal)
      if (claim.tasks.length > 0) {
        engine.channel.publish('leased', input.workerId)
        return { ...claim, state: 'ACTIVE' as const, waitedMs }
      }
      const state = await readWorkerState(engine.db, input.tenant, input.workerId)
      if (state === null) return null
      const leftMs = input.waitMs - (performance.now() - since)
      if (state !== 'ACTIVE' || claim.isRepeat === true || leftMs <= 0 || signal.aborted) {
        return { ...claim, state, waitedMs }
      }
      if (claim.hasMore) await delay(Math.min(Math.random() * LONGEST_MISS_MS, leftMs))
      else await ear.rung(Math.min(leftMs, POLL_MS * (0.75 + Math.random() / 2)), signal)
    }
  }

  const untilNews = async (
    { tenant, workerId, held = [], waitMs, isDraining }: HeartbeatWait,
    ear: Ear<WorkerTopic>,
    signal: AbortSignal,
  ) => {
    const since = performance.now()
    for (let rung: ReadonlySet<WorkerTopic> = new Set(); ; ) {
      const [state, ended] = await Promise.all([
        readWorkerState(engine.db, tenant, workerId),
        held.length === 0 ? [] : readEndedLeases(engine.db, tenant, held),
      ])
      const isNews = ended.length > 0 || !(state === 'ACTIVE' || (state === 'DRAINING' && isDraining))
      const leftMs = waitMs - (performance.now() - since)
      // A worker that was handed tasks meanwhile holds more than this heartbeat lists.
      if (isNews || rung.has('leased') || leftMs <= 0 || signal.aborted) return { state, ended }
      rung = await ear.rung(Math.min(leftMs, POLL_MS * (0.75 + Math.random() / 2)), signal)
    }
  }

  return {
    async claim(input, signal) {
      const seat = seats.take(`${input.tenant} ${input.workerId}`)
      const ear = bells.listen((topic) => topic === 'claimable')
      try {
        return await untilClaimed(input, ear, AbortSignal.any([signal, seat.signal]))
      } finally {
        ear.leave()
        seat.leave()
      }
    },
    async heartbeat(input, signal) {
      const { tenant, workerId, held } = input
      // Before the beat looks: what comes between must not be missed.
      const ear = bells.listen(
        (topic, payload) => topic === 'revoked' || (topic === 'leased' && (payload ?? workerId) === workerId),
      )
      try {
        const beat = await beatWorker(engine.db, tenant, workerId, held !== undefined)
        if (beat === null) return null
        if (held !== undefined && beat.listedBefore !== null) {
          await returnUnheld(engine, { tenant, name: workerId }, { workerId, held, claimedBefore: beat.listedBefore })
        }
        const waitMs = Math.min(input.waitMs, beat.leaseMs / 3)
        const { state, ended } = await untilNews({ ...input, waitMs }, ear, signal)
        return state === null ? null : { state, ended, leaseMs: beat.leaseMs }
      } finally {
        ear.leave()
      }
    },
  }
}

interface Seat {
  readonly signal: AbortSignal
  leave(): void
}

/** Places for the waiting claims of each worker. A client that gave up a request makes another; the oldest is that one. */
function createSeats(): { take(worker: string): Seat } {
  const seated = new Map<string, Set<AbortController>>()
  return {
    take(worker) {
      const own = seated.get(worker) ?? new Set()
      seated.set(worker, own)
      if (own.size >= MOST_WAITING) [...own][0]!.abort()
      const seat = new AbortController()
      own.add(seat)
      return {
        signal: seat.signal,
        leave() {
          own.delete(seat)
          if (own.size === 0 && seated.get(worker) === own) seated.delete(worker)
        },
      }
    },
  }
}

/** Lets so many through at a time, first come, first served. */
function createGate(width: number): <Value>(work: () => Promise<Value>) => Promise<Value> {
  const waiting: (() => void)[] = []
  let inside = 0
  return async (work) => {
    if (inside >= width) await new Promise<void>((resolve) => waiting.push(resolve))
    else inside += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) inside -= 1
      else next()
    }
  }
}
