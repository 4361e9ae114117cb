import type { Pool } from 'pg'
import type { Cursor } from '../../src/event/cursor.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import type { Channel } from '../../src/infra/channel/channel.ts'
import { checkHistory, type Faults } from './event-checker.ts'
import { wholeLog } from './event-log.ts'
import { type EventProcess, type EventProcessOptions, startEventProcess } from './event-process.ts'
import { mixedFilter, runReader } from './event-readers.ts'
import { addContested, runWriter, type WriterOptions } from './event-writers.ts'
import { pick, type Random } from './random.ts'

export interface ChaosOptions {
  readonly db: Pool
  readonly channels: readonly Channel[]
  readonly random: Random
  readonly tasks: number
  readonly writers: number
  /** Of each writer, at least. */
  readonly transactions: number
  /** Until then the writers go on. */
  readonly mayEnd?: () => boolean
  readonly readers: number
  readonly cutChance: number
  readonly process?: Partial<EventProcessOptions>
  readonly write?: WriterOptions['write']
  /** What goes wrong meanwhile; it is given the processes to mistreat and ends with the writers. */
  readonly trouble?: (stage: Stage) => Promise<void>
}

export interface Stage {
  /** Ends a process and starts another in its place. */
  restartProcess(): Promise<void>
  readonly isOver: () => boolean
}

export interface ChaosResult {
  readonly faults: Faults
  readonly events: number
  /** Lives of the database in which they were written. */
  readonly lives: number
  readonly deliveries: number
  readonly connections: number
}

/** Writers, readers and trouble at once; ends when every reader has read to the end. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { db, channels, random } = options
  const tasks = await addContested(db, options.tasks)
  const start = await nowCursor(db)
  const begin = (channel: Channel) => startEventProcess({ db, channel, ...options.process })
  const processes: EventProcess[] = await Promise.all(channels.map(begin))
  let end: Cursor | null = null
  let isOver = false

  const readers = Array.from({ length: options.readers }, (_, place) =>
    runReader({
      start,
      random,
      filter: mixedFilter(tasks, place, random),
      cutChance: options.cutChance,
      open: (filter, after, signal) => pick(random, processes).open({ filter, after, signal }),
      end: () => end,
    }),
  )
  const trouble = options.trouble?.({
    isOver: () => isOver,
    async restartProcess() {
      const place = Math.floor(random() * processes.length)
      const old = processes[place]!
      processes[place] = await begin(channels[place]!)
      await old.stop()
    },
  })
  const write = options.write && { write: options.write }
  await Promise.all(
    Array.from({ length: options.writers }, () =>
      runWriter({
        db,
        tasks,
        random,
        transactions: options.transactions,
        ring: () => pick(random, channels).publish('events'),
        ...(options.mayEnd && { mayEnd: options.mayEnd }),
        ...write,
      }),
    ),
  )
  isOver = true
  await trouble
  end = await nowCursor(db)
  const deliveries = await Promise.all(readers)
  await Promise.all(processes.map((process) => process.stop()))
  const log = await wholeLog(db)
  return {
    faults: checkHistory(log, deliveries),
    events: log.length,
    lives: new Set(log.map((event) => event.incarnation)).size,
    deliveries: deliveries.reduce((sum, { got }) => sum + got.length, 0),
    connections: deliveries.reduce((sum, { connections }) => sum + connections, 0),
  }
}
