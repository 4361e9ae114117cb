import type { Pool } from 'pg'
import { type FeedOptions, openFeed } from '../../src/event/feed.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import { readUnseen } from '../../src/event/store/read-unseen.ts'
import { openTail, type Tail, type TailOptions, type TailSource } from '../../src/event/tail.ts'
import type { Channel } from '../../src/infra/channel/channel.ts'

/** The part of an API process that feeds subscribers. */
export interface EventProcess {
  readonly tail: Tail
  open(options: Pick<FeedOptions, 'filter' | 'after' | 'signal'>): ReturnType<typeof openFeed>
  /** Errors that were backed off from. */
  readonly errors: unknown[]
  stop(): Promise<void>
}

export interface EventProcessOptions extends Partial<TailOptions> {
  readonly db: Pool
  readonly channel: Channel
  /** A broken reader of the log takes this one's place in the planted bugs. */
  readonly source?: TailSource
  readonly quietMs?: number
  readonly batchSize?: number
}

export async function startEventProcess(options: EventProcessOptions): Promise<EventProcess> {
  const { db, channel, quietMs = 20, batchSize = 100 } = options
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const tail = openTail({ source: sourceOf(db), pollMs: 100, onError, ...options })
  const unsubscribe = await channel.subscribe('events', () => tail.ring())
  return {
    tail,
    errors,
    open: (about) =>
      openFeed({ tail, read: (cursor, how) => readUnseen(db, cursor, how), onError, quietMs, batchSize, ...about }),
    async stop() {
      unsubscribe()
      await tail.close()
    },
  }
}

export function sourceOf(db: Pool): TailSource {
  return { read: (cursor, limit) => readUnseen(db, cursor, { limit }), now: () => nowCursor(db) }
}
