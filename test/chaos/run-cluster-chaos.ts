import type { Pool } from 'pg'
import type { Cursor } from '../../src/event/cursor.ts'
import { printCursor } from '../../src/event/cursor-text.ts'
import { matcherOf } from '../../src/event/filter.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import { checkHistory, type Faults } from '../support/event-checker.ts'
import { wholeLog } from '../support/event-log.ts'
import { mixedFilter } from '../support/event-readers.ts'
import { addContested, type Contested, runWriter } from '../support/event-writers.ts'
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

/** What writers, subscribers and trouble share while they run. */
interface Stage {
  readonly tasks: readonly Contested[]
  readonly created: string[]
  readonly refusals: string[]
  isOver: boolean
  /** Events that were there before the present trouble. */
  before: number
  /** Resolves when the present trouble is over. */
  step: PromiseWithResolvers<void>
  /** Where subscribers end, once it is known. */
  end: Cursor | null
}

/** Writers, subscribers and trouble at once, over servers of their own; ends when every subscriber has had everything. */
export async function runClusterChaos(options: ClusterChaosOptions): Promise<ClusterChaosResult> {
  const { db } = options
  const startedAt = performance.now()
  const [longTask, ...tasks] = await addContested(db, 41, options.tenants)
  const step = Promise.withResolvers<void>()
  const stage: Stage = { tasks, created: [], refusals: [], isOver: false, before: 0, step, end: null }
  const subscribers = startSubscribers(options, stage, printCursor(await nowCursor(db)))
  const delivered = () => subscribers.reduce((sum, { got }) => sum + got.length, 0)
  const writing = startWriters(options, stage, subscribers)
  const holding = holdLongTransactions({ db, task: longTask!, openFor: 300, isOver: () => stage.isOver })
  const watching = watchSome(options, stage)
  await makeTrouble(options, stage, () => {
    pick(options.random, subscribers).cut()
    return delivered() >= options.deliveries
  })
  await writing
  const longTransactions = await holding
  await until(async () => (await countUnfinished(db)) === 0, 60_000)
  const watched = await watching

  const log = (await wholeLog(db)).filter(({ taskId }) => taskId !== null)
  const isServed = ({ filter, got }: Subscriber) => got.length >= log.filter(matcherOf(filter)).length
  // What a lost bell costs at most is a poll; whoever has less then would wait for ever.
  await until(() => subscribers.every(isServed), 60_000).catch(() => undefined)
  const stragglers = subscribers.filter((subscriber) => !isServed(subscriber)).length
  const seconds = (performance.now() - startedAt) / 1000
  stage.end = await nowCursor(db)
  for (const subscriber of subscribers) subscriber.cut()
  await Promise.all(subscribers.map(({ done }) => done))
  return {
    faults: checkHistory(log, subscribers),
    watchFaults: watched.flatMap(faultsOfWatching),
    events: log.length,
    deliveries: delivered(),
    connections: subscribers.reduce((sum, { connections }) => sum + connections, 0),
    tasks: stage.created.length,
    watched: watched.length,
    longTransactions,
    stragglers,
    refusals: [...stage.refusals, ...subscribers.flatMap(({ refusals }) => refusals)],
    seconds,
  }
}

function startSubscribers(options: ClusterChaosOptions, stage: Stage, start: string): Subscriber[] {
  const { cluster, random, tenants } = options
  const readId = createIdReader()
  return Array.from({ length: options.sockets + options.eventStreams }, (_, place) => {
    const filter = mixedFilter(stage.tasks, place, random, tenants)
    return startSubscriber({
      filter,
      start,
      random,
      readId,
      cutChance: options.cutChance,
      open: place < options.sockets ? overSocket : overEventStream,
      target: async () => ({ url: (await cluster.pickServer()).url, apiKey: cluster.keys.get(filter.tenant)! }),
      end: () => stage.end,
      // Each eleventh takes its next batch only after the next trouble.
      ...(place % 11 === 10 && { pace: () => (stage.isOver ? Promise.resolve() : stage.step.promise) }),
    })
  })
}

function startWriters(
  options: ClusterChaosOptions,
  stage: Stage,
  subscribers: readonly Subscriber[],
): Promise<unknown> {
  const { db, random, cluster, ring } = options
  const isOver = () => stage.isOver
  const mayWrite = async (events: number) =>
    (await countEvents(db)) < stage.before + events && (await lagOf(db, subscribers)) < MOST_LAG
  const paceWithin = (events: number) => () => until(async () => isOver() || (await mayWrite(events)), 120_000)
  return Promise.all([
    ...Array.from({ length: options.writers }, () => {
      // Those who only rewrite versions are the quickest by far: what they leave is for the verbs.
      const pace = paceWithin(EVENTS_PER_TROUBLE * 0.7)
      return runWriter({ db, tasks: stage.tasks, random, transactions: Infinity, ring, isOver, pace })
    }),
    ...Array.from({ length: options.verbWriters }, (_, place) =>
      runVerbWriter({
        random,
        name: `writer-${place}`,
        apiKey: cluster.keys.get('default')!,
        target: async () => (await cluster.pickServer()).url,
        isOver,
        pace: paceWithin(EVENTS_PER_TROUBLE),
        onCreated: (ids) => void stage.created.push(...ids),
        onError: (message) => void stage.refusals.push(message),
      }),
    ),
  ])
}

/** All troubles with events in between, and on with smaller ones until it is enough; then it is over. */
async function makeTrouble(
  { db, troubles }: ClusterChaosOptions,
  stage: Stage,
  isEnough: () => boolean,
): Promise<void> {
  const waiting = [...troubles]
  for (;;) {
    stage.before = await countEvents(db)
    await until(async () => (await countEvents(db)) > stage.before + 100, 60_000)
    const trouble = waiting.shift()
    if (trouble === undefined && isEnough()) break
    await trouble?.()
    stage.step.resolve()
    stage.step = Promise.withResolvers()
  }
  stage.isOver = true
  stage.step.resolve()
}

/** How far the middle one of the subscribers that want every event lies behind the log. */
async function lagOf(db: Pool, subscribers: readonly Subscriber[]): Promise<number> {
  const { rows } = await db.query<{ tenant: string; count: number }>(
    'SELECT tenant, count(*)::int AS count FROM event WHERE task_id IS NOT NULL GROUP BY tenant',
  )
  const lags = subscribers.flatMap(({ filter, got }) => {
    if (Object.keys(filter).length > 1) return []
    return [(rows.find(({ tenant }) => tenant === filter.tenant)?.count ?? 0) - got.length]
  })
  return lags.sort((a, b) => a - b)[lags.length >> 1] ?? 0
}

/** Watches one of the newest tasks after the other, a few at a time. */
async function watchSome({ cluster, random }: ClusterChaosOptions, stage: Stage): Promise<WatchedTask[]> {
  const watched: WatchedTask[] = []
  const target = async () => ({ url: (await cluster.pickServer()).url, apiKey: cluster.keys.get('default')! })
  const watchOn = async () => {
    await until(() => stage.isOver || stage.created.length > 0, 60_000)
    while (!stage.isOver) {
      const open = random() < 0.5 ? overSocket : overEventStream
      watched.push(await watchTask({ id: pick(random, stage.created.slice(-20)), open, target }))
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
