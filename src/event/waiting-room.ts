import type { Event } from './event.ts'
import type { EventFilter } from './filter.ts'

/**
 * Where readers wait that have had everything. A frame wakes only those it may concern: readers of single tasks and runs are
 * found by these, so that thousands of them cost a frame nothing.
 */
export interface WaitingRoom {
  /**
   * Waits for a frame that may match, and never rejects.
   *
   * @returns the number of that frame; null after `timeoutMs`, at the abort, or when everybody is sent back to the log
   */
  wait(request: WaitRequest): Promise<number | null>
  wake(events: readonly Event[], frame: number): void
  /** Wakes everybody, with null. */
  wakeAll(): void
}

export interface WaitRequest {
  readonly filter: EventFilter
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

type Waiter = (frame: number | null) => void

export function openWaitingRoom(): WaitingRoom {
  const ofOne = new Map<string, Set<Waiter>>()
  const ofTenant = new Map<string, Set<Waiter>>()

  function placesOf({ tenant, taskIds, runIds }: EventFilter): [Map<string, Set<Waiter>>, readonly string[]] {
    const ids = taskIds ?? runIds
    return ids === undefined ? [ofTenant, [tenant]] : [ofOne, ids]
  }

  return {
    wait: ({ filter, signal, timeoutMs }) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(null)
        const [places, keys] = placesOf(filter)
        const leave: Waiter = (frame) => {
          clearTimeout(timer)
          signal.removeEventListener('abort', giveUp)
          for (const key of keys) remove(places, key, leave)
          resolve(frame)
        }
        const giveUp = () => leave(null)
        const timer = setTimeout(giveUp, timeoutMs).unref()
        signal.addEventListener('abort', giveUp)
        for (const key of keys) add(places, key, leave)
      }),
    wake(events, frame) {
      // A reader leaves every place at once, so it is woken once.
      for (const event of events) {
        const id = event.taskId ?? event.runId
        if (id !== null) for (const waiter of ofOne.get(id) ?? []) waiter(frame)
        for (const waiter of ofTenant.get(event.tenant) ?? []) waiter(frame)
      }
    },
    wakeAll() {
      for (const waiters of [...ofOne.values(), ...ofTenant.values()]) for (const waiter of waiters) waiter(null)
    },
  }
}

function add(places: Map<string, Set<Waiter>>, key: string, waiter: Waiter): void {
  const waiters = places.get(key)
  if (waiters === undefined) places.set(key, new Set([waiter]))
  else waiters.add(waiter)
}

function remove(places: Map<string, Set<Waiter>>, key: string, waiter: Waiter): void {
  const waiters = places.get(key)
  waiters?.delete(waiter)
  if (waiters?.size === 0) places.delete(key)
}
