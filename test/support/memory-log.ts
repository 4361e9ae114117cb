import { between, type Cursor, hasSeen } from '../../src/event/cursor.ts'
import type { Event } from '../../src/event/event.ts'
import { matcherOf } from '../../src/event/filter.ts'
import type { CursorExpired, ReadOptions, Unseen } from '../../src/event/read.ts'

/** A log without a database, in which every event is a transaction of its own and all is visible at once. */
export interface MemoryLog {
  /** Appends the next versions of a task. */
  append(taskId: string, count?: number): void
  now(): Promise<Cursor>
  read(cursor: Cursor, options: ReadOptions): Promise<Unseen<Event> | CursorExpired>
  /** How often it was read. */
  readonly reads: number
  /** The next reads reject. */
  breakDown(isBroken: boolean): void
  /** Cursors of before this moment expire. */
  expireAll(): void
}

export function memoryLog(): MemoryLog {
  const events: Event[] = []
  const versions = new Map<string, number>()
  let reads = 0
  let isBroken = false
  let firstKept = 0

  function positionAfter(count: number): Cursor {
    const xmax = BigInt(count + 1)
    const snapshot = { xmin: xmax, xmax, running: [] }
    const seen = { incarnation: 1, snapshot, nextXid: xmax, maxId: count }
    return { stream: 'events', system: 1n, seen, replay: null }
  }

  async function look(): Promise<Cursor> {
    reads++
    if (isBroken) throw new Error('The log is away')
    return positionAfter(events.length)
  }

  return {
    get reads() {
      return reads
    },
    append(taskId, count = 1) {
      for (let n = 0; n < count; n++) {
        const version = (versions.get(taskId) ?? 0) + 1
        versions.set(taskId, version)
        const id = events.length + 1
        const place = { id, incarnation: 1, xid: BigInt(id), at: new Date(0) }
        const about = {
          tenant: 'default',
          taskId,
          taskType: 'dig',
          version,
          attempt: null,
          actor: null,
          scheduleId: null,
          runId: null,
        }
        events.push({ ...place, ...about, kind: 'TaskReady', status: 'READY', payload: null })
      }
    },
    now: look,
    async read(cursor, { limit, filter }) {
      const present = await look()
      if (Number(cursor.seen.snapshot.xmax) <= firstKept)
        return { kind: 'expired', earliest: positionAfter(firstKept), now: present }
      const matches = filter === undefined ? () => true : matcherOf(filter)
      const unseen = events.filter((event) => matches(event) && !hasSeen(cursor, event))
      const items = unseen.slice(0, limit)
      const isComplete = items.length === unseen.length
      return {
        kind: 'unseen',
        items,
        isComplete,
        cursor: isComplete ? present : between(cursor, present, items.at(-1)!.id),
      }
    },
    breakDown(broken) {
      isBroken = broken
    },
    expireAll() {
      firstKept = events.length + 1
    },
  }
}
