import { backOffMs, pause } from './back-off.ts'
import type { Cursor } from './cursor.ts'
import type { Event } from './event.ts'
import type { CursorExpired, Unseen } from './read.ts'
import { openRing, type Ring } from './ring.ts'
import { openWaitingRoom, type WaitRequest } from './waiting-room.ts'

/** What the tail needs from outside. */
export interface TailSource {
  /** Reads the whole log from a cursor: `readUnseen` without a filter. */
  read(cursor: Cursor, limit: number): Promise<Unseen<Event> | CursorExpired>
  now(): Promise<Cursor>
}

export interface TailOptions {
  readonly source: TailSource
  /** Called with each failed read; the tail backs off and goes on from its cursor. */
  readonly onError: (error: unknown) => void
  /** Longest time between two reads while somebody listens: what a lost bell costs at most. Default 1,000. */
  readonly pollMs?: number
  /** Shortest time between the starts of two reads in a storm of events, so that it becomes larger reads. Default 5. */
  readonly gapMs?: number
  /** Events kept for readers that join or lag. Default 4,096. */
  readonly capacity?: number
  readonly random?: () => number
}

/** The one reader of the log in a process; everybody else reads from its ring. It sleeps while nobody listens. */
export interface Tail {
  /** Something was committed: look at the log soon. Any number of calls while a read is under way causes one more. */
  ring(): void
  /** Keeps the tail awake until `leave`. */
  listen(): Listener
  /** Stops for good; readers are woken and find the ring empty. */
  close(): Promise<void>
}

export interface Listener {
  readonly frames: Ring
  /** Aborted when the tail has stopped for good. */
  readonly closed: AbortSignal
  /** Resolves when the ring holds all that was committed before the call, or at the abort. */
  freshen(signal: AbortSignal): Promise<void>
  /** Waits at the ring's end; see `WaitingRoom.wait`. */
  wait(request: WaitRequest): Promise<number | null>
  leave(): void
}

/** A read that brings more events than this is part of a storm: the next one waits for more. */
const BUSY_EVENTS = 20

/** Most events of one read: larger gaps are replayed in chunks. */
const READ_LIMIT = 2000

export function openTail(options: TailOptions): Tail {
  const { source, onError, pollMs = 1000, gapMs = 5, capacity = 4096, random = Math.random } = options
  const frames = openRing(capacity)
  const room = openWaitingRoom()
  const listeners = new Set<Listener>()
  const closing = new AbortController()
  let asked: (() => void)[] = []
  let loop: Promise<void> | null = null
  let isRung = false
  /** Events of the latest read. */
  let taken = 0
  let endRest = () => {}

  function ring(): void {
    isRung = true
    endRest()
  }

  /** Until the next bell, at most `ms`. */
  async function rest(ms: number): Promise<void> {
    if (isRung || ms <= 0 || closing.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref()
      endRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function run(): Promise<void> {
    let failures = 0
    let isAwake = false
    let isBusy = false
    while (listeners.size > 0 && !closing.signal.aborted) {
      const startedAt = performance.now()
      const answered = asked
      asked = []
      isRung = false
      try {
        if (!isAwake) frames.restart(await source.now())
        isAwake = true
        const isComplete = await take()
        failures = 0
        isBusy = taken > BUSY_EVENTS
        if (!isComplete) {
          asked = [...answered, ...asked]
          continue
        }
      } catch (error) {
        asked = [...answered, ...asked]
        onError(error)
        await pause(backOffMs(++failures, random()), closing.signal)
        continue
      }
      for (const answer of answered) answer()
      if (isBusy) await pauseUntil(startedAt + gapMs)
      await rest(pollMs * (0.75 + random() / 2))
    }
  }

  /** One read. Returns whether the ring now holds all that was committed when it began. */
  async function take(): Promise<boolean> {
    const found = await source.read(frames.head!, READ_LIMIT)
    if (found.kind === 'expired') {
      // Retention or a restore has overtaken us: readers go back to the log, which tells each of them.
      frames.restart(found.now)
      room.wakeAll()
      return true
    }
    taken = found.items.length
    let number = frames.end
    for (const frame of frames.push(found.items, found.cursor)) room.wake(frame.events, number++)
    return found.isComplete
  }

  async function pauseUntil(time: number): Promise<void> {
    const ms = time - performance.now()
    if (ms > 0) await pause(ms, closing.signal)
  }

  function start(): void {
    loop ??= run().finally(() => {
      loop = null
      // Somebody may have come between the loop's last look and now.
      if (listeners.size > 0 && !closing.signal.aborted) start()
    })
  }

  return {
    ring,
    listen() {
      const listener: Listener = {
        frames,
        closed: closing.signal,
        freshen: (signal) =>
          new Promise((resolve) => {
            if (signal.aborted || closing.signal.aborted) return resolve()
            const done = () => {
              signal.removeEventListener('abort', done)
              resolve()
            }
            signal.addEventListener('abort', done)
            asked.push(done)
            ring()
          }),
        wait: (request) => room.wait(request),
        leave() {
          listeners.delete(listener)
          if (listeners.size === 0) endRest()
        },
      }
      listeners.add(listener)
      start()
      return listener
    },
    async close() {
      closing.abort()
      endRest()
      for (const answer of asked) answer()
      room.wakeAll()
      await loop
    },
  }
}
