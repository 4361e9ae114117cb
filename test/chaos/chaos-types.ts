import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { defineTaskType } from '../../src/worker/define-task-type.ts'

// Served by the servers that the chaos tests start; only their handlers may sleep: they stand for work.

/** Takes `ms`, says how far it is, and fails as often as asked. */
export const chaos = defineTaskType<{ ms: number; failures?: number }>({
  name: 'chaos',
  handler: async ({ attempt, input: { ms, failures = 0 } }, { progress, signal }) => {
    await delay(ms / 2, undefined, { signal })
    progress(0.5)
    await delay(ms / 2, undefined, { signal })
    if (attempt <= failures) throw new Error('as asked')
    return { attempt }
  },
})

/** What a handler of `recorded` writes down: outside the database, so that it cannot be undone with a transaction. */
export interface Execution {
  readonly what: 'began' | 'ended'
  /** TypeID of the task. */
  readonly id: string
  readonly epoch: number
  readonly pid: number
}

export interface Recorded {
  /** File that each execution is appended to. */
  readonly record: string
  /** How long each execution takes by its epoch; the last is for all later ones. */
  readonly ms: readonly number[]
  /** Goes on after its abort signal. */
  readonly isDeaf?: boolean
}

/** Writes down that it began, takes a while, writes down that it ended, and returns the epoch it ran under. */
export const recorded = defineTaskType<Recorded>({
  name: 'recorded',
  handler: async ({ id, epoch, input: { record, ms, isDeaf = false } }, { signal }) => {
    const write = (what: Execution['what']): void => {
      appendFileSync(record, `${JSON.stringify({ what, id, epoch, pid: process.pid } satisfies Execution)}\n`)
    }
    write('began')
    await delay(ms[Math.min(epoch, ms.length) - 1], undefined, isDeaf ? {} : { signal })
    write('ended')
    return { epoch }
  },
})
