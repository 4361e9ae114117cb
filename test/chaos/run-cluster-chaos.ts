import type { Pool } from 'pg'
import type { Cursor } from '../../src/event/cursor.ts'
import { printCursor } from '../../src/event/cursor-text.ts'
import { matcherOf } from '../../src/event/filter.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import { checkHistory, type Faults } from '../support/event-checker.ts'
import { wholeLog } from '../support/event-log.ts'
import { mixedFilter } from '../support/event-readers.ts'
import { addContested, runWriter } from '../support/event-writers.ts'
import { pick, type Random } from '../support/random.ts'
import { until } from '../support/until.ts'
import type { Cluster } from './cluster.ts'
import { countEvents, holdLongTransactions } from './long-transactions.ts'
import { createIdReader, type Subscriber, startSubscriber } from './subscriber.ts'
import { overEventStream, overSocket } from './subscription.ts'
import { faultsOfWatching, type WatchedTask, watchTask } from './task-watcher.ts'
import { runVerbWriter } from './verb-writer.ts'

export interface ClusterChaosOptions {
  readonly db: Pool
  readonly cluster: Cluster
  readonly tenants: readonly string[]
  readonly random: Random
  readonly sockets: number
  readonly eventStreams: number
  readonly writers: number
  readonly verbWriters: number
  readonly cutChance: number
  /** The writers go on until there are as many deliveries and all trouble is over. */
  readonly deliveries: number
  /** Done one after the other, with some events in between. */
  readonly troubles: readonly (() => Promise<unknown>)[]
  /** Tells other processes that the log has grown. */
  readonly ring: () => void
}

export interface ClusterChaosResult {
  readonly faults: Faults
  readonly watchFaults: readonly string[]
  readonly events: number
  readonly deliveries: number
  readonly connections: number
  readonly tasks: number
  readonly watched: number
  readonly longTransactions: number
  /** Subscribers that did not have everything before they were asked to come back. */
  readonly stragglers: number
  /** What servers answered subscribers and verbs with beside data. */
  readonly refusals: readonly string[]
  readonly seconds: number
}

/** Most events that an unfiltered subscriber of middling speed may lie behind before the writers wait for it. */
const MOST_LAG = 400
/** Events written from one trouble to the next, about: what is left of them when it is over comes in quiet. */
const EVENTS_PER_TROUBLE = 400

/** Writers, subscribers and trouble at once, over servers of their own; ends when every subscriber has had everything. */
export async function runClusterChaos(options: ClusterChaosOptions): Promise<ClusterChaosResult> {
  const { db, cluster, random, tenants } = options
  const startedAt = performance.now()
  const [longTask, ...tasks] = await addContested(db, 41, tenants)
  const start = printCursor(await nowCursor(db))
  const refusals: string[] = []
  const created: string[] = []
  let end: Cursor | null = null
  let isOver = false
  let step = Promise.withResolvers<void>()

  const readId = createIdReader()
  const subscribers = Array.from({ length: options.sockets + options.eventStreams }, (_, place): Subscriber => {
    const filter = mixedFilter(tasks, place, random, tenants)
    return startSubscriber({
      filter,
      start,
      random,
      readId,
      cutChance: options.cutChance,
      open: place < options.sockets ? overSocket : overEventStream,
      target: async () => ({ url: (await cluster.pickServer()).url, apiKey: cluster.keys.get(filter.tenant)! }),
      end: () => end,
      // Each eleventh takes its next batch only after the next trouble.
      ...(place % 11 === 10 && { pace: () => (isOver ? Promise.resolve() : step.promise) }),
    })
  })
  const delivered = () => subscribers.reduce((sum, { got }) => sum + got.length, 0)
  let before = 0
  // Those who only rewrite versions are the quickest by far: what they leave is for the verbs.
  const paceWithin = (events: number) => () =>
    until(
      async () => isOver || ((await countEvents(db)) < before + events && (await lagOf(db, subscribers)) < MOST_LAG),
      120_000,
    )
  const target = async () => (await cluster.pickServer()).url

  const writing = Promise.all([
    ...Array.from({ length: options.writers }, () =>
      runWriter({
        db,
        tasks,
        random,
        transactions: Infinity,
        ring: options.ring,
        isOver: () => isOver,
        pace: paceWithin(EVENTS_PER_TROUBLE * 0.7),
      }),
    ),
    ...Array.from({ length: options.verbWriters }, (_, place) =>
      runVerbWriter({
        random,
        name: `writer-${place}`,
        apiKey: cluster.keys.get('default')!,
        target,
        isOver: () => isOver,
        pace: paceWithin(EVENTS_PER_TROUBLE),
        onCreated: (ids) => void created.push(...ids),
        onError: (message) => void refusals.push(message),
      }),
    ),
  ])
  const holding = holdLongTransactions({ db, task: longTask!, openFor: 300, isOver: () => isOver })
  const watching = watchSome(options, created, () => isOver)

  for (let done = 0; done < options.troubles.length || delivered() < options.deliveries; done++) {
    before = await countEvents(db)
    await until(async () => (await countEvents(db)) > before + 100, 60_000)
    const trouble = options.troubles[done] ?? (() => Promise.resolve(pick(random, subscribers).cut()))
    await trouble()
    step.resolve()
    step = Promise.withResolvers()
  }
  isOver = true
  step.resolve()
  await writing
  const longTransactions = await holding
  await until(async () => (await countUnfinished(db)) === 0, 60_000)
  const watched = await watching

  const log = await wholeLog(db)
  const isServed = ({ filter, got }: Subscriber) => got.length >= log.filter(matcherOf(filter)).length
  // What a lost bell costs at most is a poll; whoever has less then would wait for ever.
  await until(() => subscribers.every(isServed), 60_000).catch(() => undefined)
  const stragglers = subscribers.filter((subscriber) => !isServed(subscriber)).length
  const seconds = (performance.now() - startedAt) / 1000
  end = await nowCursor(db)
  for (const subscriber of subscribers) subscriber.cut()
  await Promise.all(subscribers.map(({ done }) => done))
  return {
    faults: checkHistory(log, subscribers),
    watchFaults: watched.flatMap(faultsOfWatching),
    events: log.length,
    deliveries: delivered(),
    connections: subscribers.reduce((sum, { connections }) => sum + connections, 0),
    tasks: created.length,
    watched: watched.length,
    longTransactions,
    stragglers,
    refusals: [...refusals, ...subscribers.flatMap((subscriber) => subscriber.refusals)],
    seconds,
  }
}

/** How far the middle one of the subscribers that want every event lies behind the log. */
async function lagOf(db: Pool, subscribers: readonly Subscriber[]): Promise<number> {
  const { rows } = await db.query<{ tenant: string; count: number }>(
    'SELECT tenant, count(*)::int AS count FROM event GROUP BY tenant',
  )
  const lags = subscribers.flatMap(({ filter, got }) => {
    if (Object.keys(filter).length > 1) return []
    return [(rows.find(({ tenant }) => tenant === filter.tenant)?.count ?? 0) - got.length]
  })
  return lags.sort((a, b) => a - b)[lags.length >> 1] ?? 0
}

/** Watches the newest task, one after the other, a few at a time. */
async function watchSome(
  { cluster, random }: ClusterChaosOptions,
  created: readonly string[],
  isOver: () => boolean,
): Promise<WatchedTask[]> {
  const watched: WatchedTask[] = []
  const watchOn = async () => {
    await until(() => isOver() || created.length > 0, 20_000)
    while (!isOver()) {
      const target = async () => ({
        url: (await cluster.pickServer()).url,
        apiKey: cluster.keys.get('default')!,
      })
      const open = random() < 0.5 ? overSocket : overEventStream
      watched.push(await watchTask({ id: pick(random, created.slice(-20)), open, target }))
    }
  }
  await Promise.all(Array.from({ length: 6 }, watchOn))
  return watched
}

async function countUnfinished(db: Pool): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM task
     WHERE type = 'chaos' AND status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED')`,
  )
  return rows[0]!.count
}
