import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import type { ClaimedTask } from '../task/store/claim-tasks.ts'
import { createHand, type InHand } from './hand.ts'
import { createPace } from './pace.ts'
import { createSlots, type SlotsOptions } from './slots.ts'
import { type EndedLease, type LeaseKey, leaseOf, type WorkPort } from './work-port.ts'

const DEFAULT_HAND_MS = 250
/** Ends that may wait to be written beside full slots: a batch that is being written, the next, and one that is coming, so that neither short handlers nor the writer wait. */
const MOST_UNWRITTEN = 900
/** The longest wait for rivals to let go of what they hold, in milliseconds. */
const LONGEST_MISS_MS = 250
/** Looks for tasks whose claim was not answered: the claim may still be under way in the database at the first. */
const LOOKS_AFTER_LOST_ANSWER = 3

export interface ExecutorOptions extends SlotsOptions {
  readonly port: WorkPort
  /** Handlers that run at once. */
  readonly slots: number
  /** Longest wait between two looks for work when no bell rings, in milliseconds. */
  readonly pollMs: number
  /** A task that was claimed ahead waits so long for a slot before it goes back, in milliseconds. Default 250. */
  readonly handMs?: number
  /** Told about errors of the port; the loop goes on. */
  readonly onError: (error: unknown) => void
}

export interface Executor {
  /** Looks for work now: something has become claimable. */
  wake(): void
  /** Stops the handlers whose leases ended from outside: cancelled, timed out or lost. */
  checkLeases(): Promise<void>
  /** Stops the handlers of these leases: somebody else has learned that they ended. */
  endLeases(ended: readonly EndedLease[]): void
  /** What the worker has been leased, as far as it knows, and has not ended. */
  readonly leases: readonly LeaseKey[]
  /** Handlers that run now. */
  readonly running: number
  /**
   * Claims no more, waits for the handlers, aborts those that outlast the time, and waits until all ends are written.
   *
   * @param graceMs how long handlers may go on
   */
  stop(graceMs: number): Promise<void>
}

/** Claims tasks for a worker and runs their handlers, as many at once as it has slots. */
export function startExecutor(options: ExecutorOptions): Executor {
  /** What the worker may still end in the database's eyes. */
  const held = new Set<ClaimedTask>()
  const pace = createPace(options.slots)
  // What waits for too long goes back: whoever is free shall have it.
  const hand = createHand(options.handMs ?? DEFAULT_HAND_MS, (tasks) => {
    pace.reset()
    giveBack(tasks, 'no slot came free in time')
  })
  const stopping = new AbortController()
  const slots = createSlots(options, {
    ran: pace.ran,
    written(task) {
      held.delete(task)
      roomMade()
    },
    freed() {
      if (!stopping.signal.aborted) fill()
      roomMade()
    },
  })
  let looksLeft = 0
  let isRung = false
  /** The loop waits for room, not for work. */
  let isFull = false
  let ring: () => void = () => undefined

  const wake = (): void => {
    isRung = true
    ring()
  }

  /** A slot has come free, or an end was written that kept one from claiming. */
  const roomMade = (): void => {
    if (isFull) wake()
  }

  /** Until something may have become claimable or, while all is full, there is room again. */
  const quiet = async (): Promise<void> => {
    if (isRung || stopping.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, options.pollMs * (0.75 + Math.random() / 2))
      ring = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    ring = () => undefined
  }

  const claimLoop = async (): Promise<void> => {
    let mayHaveMore = true
    let misses = 0
    while (!stopping.signal.aborted) {
      // Handlers that end in the same turn free their slots for one claim.
      await nextTurn()
      const wanted = room()
      isFull = wanted <= 0
      if (isFull || !mayHaveMore) {
        await quiet()
        isRung = false
        mayHaveMore = true
        continue
      }
      isRung = false
      const askedAt = performance.now()
      const { tasks, hasMore, waitedMs } = await claim(wanted)
      const since = performance.now()
      if (tasks.length > 0) pace.claimed(Math.max(since - askedAt - waitedMs, 0))
      for (const task of tasks) held.add(task)
      if (tasks.length > 0) hand.put(tasks.map((task) => ({ task, since })))
      fill()
      mayHaveMore = hasMore
      // All that is left is held by rivals, who are about to have it or to let it go.
      misses = hasMore && tasks.length === 0 ? misses + 1 : 0
      if (misses > 0) await delay(Math.random() * Math.min(2 ** misses, LONGEST_MISS_MS))
    }
  }

  /** How many tasks to claim now. */
  const room = (): number => {
    const { ahead } = pace
    if (hand.size > ahead / 2) return 0
    const had = slots.size + hand.size
    // Ends that wait to be written hold their leases: without this bound a slow database would let them pile up.
    const writable = options.slots + MOST_UNWRITTEN - options.reporter.unwritten
    return Math.min(options.slots + ahead, writable) - had
  }

  const claim = async (limit: number): ReturnType<WorkPort['claim']> => {
    try {
      if (looksLeft > 0) {
        await options.port.returnUnheld([...held].map(leaseOf))
        looksLeft -= 1
      }
      return await options.port.claim(limit, stopping.signal)
    } catch (error) {
      options.onError(error)
      looksLeft = LOOKS_AFTER_LOST_ANSWER
      await delay(Math.min(options.pollMs, 1_000))
      return { tasks: [], hasMore: true, waitedMs: 0 }
    }
  }

  const fill = (): void => {
    while (slots.size < options.slots) {
      const next = hand.next()
      if (next === undefined) return
      slots.start(next)
    }
  }

  const giveBack = (tasks: readonly InHand[], reason: string): void => {
    for (const { task } of tasks) {
      const written = options.reporter.end({ ...leaseOf(task), end: { kind: 'release', reason, delayMs: 0 } })
      void written.finally(() => held.delete(task))
    }
  }

  const endLeases = (ended: readonly EndedLease[]): void => {
    const status = new Map(ended.map((lease) => [`${lease.taskId} ${lease.epoch}`, lease.status]))
    const isOver = ({ id, epoch }: ClaimedTask): boolean => status.has(`${id} ${epoch}`)
    for (const task of hand.tasks) if (isOver(task)) hand.drop(task.id, task.epoch)
    for (const task of held) if (isOver(task)) held.delete(task)
    for (const task of slots.tasks) {
      if (isOver(task)) slots.cutOff(task, reasonOf(status.get(`${task.id} ${task.epoch}`)))
    }
  }

  const loop = claimLoop()
  return {
    wake,
    endLeases,
    get leases() {
      return [...held].map(leaseOf)
    },
    get running() {
      return slots.size
    },
    async checkLeases() {
      const leases = [...slots.tasks, ...hand.tasks].map(leaseOf)
      if (leases.length === 0) return
      endLeases(await options.port.endedLeases(leases))
    },
    async stop(graceMs) {
      stopping.abort()
      wake()
      await loop
      giveBack(hand.empty(), 'worker stopped')
      await slots.stop(graceMs)
      await options.reporter.idle()
    },
  }
}

function reasonOf(status: string | null | undefined): string {
  switch (status) {
    case 'CANCELLED':
      return 'The task was cancelled.'
    case 'FAILED':
    case 'RETRYING':
      return 'The attempt was cut off: its time is over.'
    case null:
      return 'The task no longer exists.'
    default:
      return 'The lease was lost: the task runs elsewhere.'
  }
}
