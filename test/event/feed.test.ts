import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cursorAt, type EventBatch, type FeedItem } from '../../src/event/batch.ts'
import type { Cursor } from '../../src/event/cursor.ts'
import { type FeedOptions, openFeed } from '../../src/event/feed.ts'
import { openTail, type Tail, type TailOptions } from '../../src/event/tail.ts'
import { type MemoryLog, memoryLog } from '../support/memory-log.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000

describe('a feed', () => {
  let log: MemoryLog
  let tail: Tail
  let errors: unknown[]
  beforeEach(() => {
    log = memoryLog()
    errors = []
    tail = start()
  })
  afterEach(() => tail.close())

  /** Reads only when the bell rings. */
  function start(options: Partial<TailOptions> = {}): Tail {
    const source = { now: log.now, read: (cursor: Cursor, limit: number) => log.read(cursor, { limit }) }
    return openTail({ source, onError: (error) => errors.push(error), pollMs: HOUR_MS, gapMs: 0, ...options })
  }

  function open(options: Partial<FeedOptions> = {}): AsyncIterableIterator<FeedItem> {
    return openFeed({
      tail,
      read: log.read,
      filter: { tenant: 'default' },
      signal: new AbortController().signal,
      onError: (error) => errors.push(error),
      quietMs: HOUR_MS,
      ...options,
    })
  }

  function append(taskId: string, count?: number): void {
    log.append(taskId, count)
    tail.ring()
  }

  async function nextBatch(feed: AsyncIterator<FeedItem>): Promise<EventBatch> {
    const { value, done } = await feed.next()
    if (done || value.kind !== 'batch') throw new Error(`Instead of a batch came ${JSON.stringify(value?.kind)}`)
    return value
  }

  const names = (batch: EventBatch) => batch.events.map((event) => `${event.taskId}${event.version}`)

  it('without a cursor starts now, and says where that is at once', async () => {
    append('a')
    const feed = open()
    expect(await nextBatch(feed)).toMatchObject({ events: [], caughtUp: true, cursor: { seen: { maxId: 1 } } })
    append('a')
    expect(names(await nextBatch(feed))).toEqual(['a2'])
  })

  it('replays what a cursor has missed, then says that it has caught up, then follows', async () => {
    const after = await log.now()
    append('a', 5)
    const feed = open({ after, batchSize: 2 })
    const batches = [await nextBatch(feed), await nextBatch(feed), await nextBatch(feed), await nextBatch(feed)]
    expect(batches.map(names)).toEqual([['a1', 'a2'], ['a3', 'a4'], ['a5'], []])
    expect(batches.map((batch) => batch.caughtUp)).toEqual([false, false, false, true])
    append('a')
    expect(await nextBatch(feed)).toMatchObject({ caughtUp: true, events: [{ version: 6 }] })
  })

  it('joins the ring with what it holds when that is enough, without a read of its own', async () => {
    const first = open()
    const { cursor } = await nextBatch(first)
    append('a', 5)
    await nextBatch(first)
    const second = open({
      after: cursor,
      batchSize: 2,
      read: () => expect.fail('The ring holds what is missing'),
    })
    const batches = [await nextBatch(second), await nextBatch(second), await nextBatch(second)]
    expect(batches.map(names)).toEqual([['a1', 'a2'], ['a3', 'a4'], ['a5']])
    expect(batches.map((batch) => batch.caughtUp)).toEqual([false, false, true])
  })

  it('goes on from any event inside a batch', async () => {
    const first = open()
    await nextBatch(first)
    append('a', 3)
    append('b', 3)
    const batch = await nextBatch(first)
    for (const [place, event] of batch.events.entries()) {
      const again = open({ after: cursorAt(batch, event) })
      const rest: string[] = []
      for (let next: EventBatch | null = null; next?.caughtUp !== true; rest.push(...names(next))) {
        next = await nextBatch(again)
      }
      expect(rest).toEqual(names(batch).slice(place + 1))
      await again.return?.()
    }
  })

  it('gives a slow reader larger batches, up to a bound', async () => {
    const feed = open({ batchSize: 500 })
    await nextBatch(feed)
    append('a', 100)
    expect((await nextBatch(feed)).events).toHaveLength(100)
    for (let n = 0; n < 8; n++) {
      append('a', 150)
      const reads = log.reads
      await until(() => log.reads > reads)
    }
    expect((await nextBatch(feed)).events).toHaveLength(450)
  })

  it('sends a reader that has fallen out of the ring back to the log', async () => {
    await tail.close()
    tail = start({ capacity: 10 })
    const feed = open({ batchSize: 40 })
    await nextBatch(feed)
    for (let n = 0; n < 5; n++) {
      append('a', 20)
      const reads = log.reads
      await until(() => log.reads > reads)
    }
    const got: string[] = []
    for (let batch: EventBatch | null = null; batch?.caughtUp !== true; got.push(...names(batch))) {
      batch = await nextBatch(feed)
    }
    expect(got).toEqual(Array.from({ length: 100 }, (_, n) => `a${n + 1}`))
  })

  it('wakes only readers that an event may concern', async () => {
    const [a, b] = ['a', 'b'].map((taskId) => open({ filter: { tenant: 'default', taskIds: [taskId] } }))
    await nextBatch(a!)
    await nextBatch(b!)
    let isWoken = false
    const waiting = nextBatch(a!).then((batch) => {
      isWoken = true
      return batch
    })
    append('b')
    expect(names(await nextBatch(b!))).toEqual(['b1'])
    expect(isWoken).toBe(false)
    append('a')
    expect(names(await waiting)).toEqual(['a1'])
  })

  it('now and then gives a quiet reader the present cursor', async () => {
    const feed = open({ filter: { tenant: 'default', taskIds: ['a'] }, quietMs: 20 })
    await nextBatch(feed)
    append('b', 3)
    expect(await nextBatch(feed)).toMatchObject({ events: [], caughtUp: true, cursor: { seen: { maxId: 3 } } })
    append('a')
    expect(await nextBatch(feed)).toMatchObject({ events: [{ taskId: 'a' }], caughtUp: true })
  })

  it('says when its cursor has expired, and ends', async () => {
    const after = await log.now()
    append('a', 3)
    log.expireAll()
    const feed = open({ after })
    expect(await feed.next()).toMatchObject({ value: { kind: 'expired', now: { seen: { maxId: 3 } } } })
    expect(await feed.next()).toMatchObject({ done: true })
  })

  it.each<[string, (feed: AsyncIterator<FeedItem>, abort: AbortController) => unknown]>([
    ['its reader leaves', (feed) => feed.return?.()],
    ['its signal fires', (_, abort) => abort.abort()],
    ['the tail closes', () => tail.close()],
  ])('ends while it waits when %s', async (_, leave) => {
    const abort = new AbortController()
    const feed = open({ signal: abort.signal })
    await nextBatch(feed)
    const waiting = feed.next()
    await leave(feed, abort)
    expect(await waiting).toMatchObject({ done: true })
  })

  it('never starts when its signal has fired before', async () => {
    expect(await open({ signal: AbortSignal.abort() }).next()).toMatchObject({ done: true })
  })

  it('goes on from its cursor when the log was away', async () => {
    const feed = open()
    await nextBatch(feed)
    log.breakDown(true)
    append('a', 3)
    await until(() => errors.length > 1)
    log.breakDown(false)
    expect(names(await nextBatch(feed))).toEqual(['a1', 'a2', 'a3'])
  })

  it('replays again when the log was away in the middle', async () => {
    const after = await log.now()
    append('a', 5)
    const feed = open({ after, batchSize: 2 })
    await nextBatch(feed)
    log.breakDown(true)
    const waiting = nextBatch(feed)
    await until(() => errors.length > 1)
    log.breakDown(false)
    expect(names(await waiting)).toEqual(['a3', 'a4'])
  })

  describe('costs the log', () => {
    it('nothing while nobody listens', async () => {
      append('a')
      append('a')
      expect(log.reads).toBe(0)
      const feed = open()
      await nextBatch(feed)
      await feed.return?.()
      const reads = log.reads
      append('a')
      await new Promise(setImmediate)
      expect(log.reads).toBe(reads)
    })

    it('one read for many bells and many readers', async () => {
      const feeds = Array.from({ length: 50 }, () => open())
      await Promise.all(feeds.map(nextBatch))
      const reads = log.reads
      expect(reads).toBeLessThan(6)
      for (let n = 0; n < 100; n++) append('a')
      const batches = await Promise.all(feeds.map(nextBatch))
      expect(batches.map((batch) => batch.events.length)).toEqual(Array.from({ length: 50 }, () => 100))
      expect(log.reads).toBeLessThan(reads + 3)
    })

    it('a read each poll when no bell rings', async () => {
      await tail.close()
      tail = start({ pollMs: 5 })
      const feed = open()
      await nextBatch(feed)
      log.append('a')
      expect(names(await nextBatch(feed))).toEqual(['a1'])
    })
  })
})
