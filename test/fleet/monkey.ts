import { below, pick, type Random } from '../support/random.ts'
import { until } from '../support/until.ts'
import type { Fleet } from './fleet.ts'
import type { Member } from './member.ts'
import { witnessSize } from './witness.ts'

export const TROUBLES = ['kill', 'freeze', 'pause', 'drain'] as const
/** To a worker: kill -9, SIGSTOP past its lease, a short SIGSTOP, SIGTERM. */
export type Trouble = (typeof TROUBLES)[number]

export interface MonkeyOptions {
  readonly random: Random
  /** What may happen to workers; the more often something is named, the likelier. */
  readonly troubles: readonly Trouble[]
  /** Executions of a worker between two troubles, at most. */
  readonly pace: number
  /** Also kills schedulers and the API. */
  readonly isHardOnSchedulers: boolean
  readonly isOver: () => boolean
}

/** What happened, by name. */
export type Mischief = Map<string, number>

/** Longest wait for something to happen that may never come: a worker that gets nothing to do. */
const PATIENCE_MS = 3_000
/** About what a handler writes down in one execution. */
const BYTES = 220

/** Gives trouble to all members, two workers at a time and a scheduler, until it is over; then all run. */
export async function runMonkey(fleet: Fleet, options: MonkeyOptions): Promise<Mischief> {
  const mischief: Mischief = new Map()
  const note = (what: string): void => void mischief.set(what, (mischief.get(what) ?? 0) + 1)
  const [first, second, third, fourth] = fleet.workers
  await Promise.all([
    troubleWorkers(fleet, [first!, third!], options, note),
    troubleWorkers(fleet, [second!, fourth!], options, note),
    ...(options.isHardOnSchedulers ? [troubleSchedulers(fleet, options, note)] : []),
  ])
  return mischief
}

async function troubleWorkers(
  fleet: Fleet,
  workers: readonly Member[],
  { random, troubles, pace, isOver }: MonkeyOptions,
  note: (what: string) => void,
): Promise<void> {
  while (!isOver()) {
    const worker = pick(random, workers)
    const wanted = witnessSize(fleet.witness, worker.pid) + BYTES * (1 + below(random, pace))
    await reached(() => isOver() || witnessSize(fleet.witness, worker.pid) >= wanted, PATIENCE_MS)
    if (isOver()) return
    const trouble = pick(random, troubles)
    note(trouble)
    await TROUBLE[trouble](worker, fleet, random)
  }
}

const TROUBLE: Record<Trouble, (worker: Member, fleet: Fleet, random: Random) => Promise<void>> = {
  async kill(worker) {
    await worker.end('SIGKILL')
    await worker.start()
  },
  async drain(worker) {
    await worker.end('SIGTERM')
    await worker.start()
  },
  async freeze(worker, { db }, random) {
    worker.freeze()
    const isLost = async () => {
      const { rowCount } = await db.query(
        `SELECT FROM worker WHERE pid = $1 AND state = 'LOST' AND stopped_at > now() - interval '1 minute'
        AND NOT EXISTS (SELECT FROM worker AS w WHERE w.pid = $1 AND w.state IN ('ACTIVE', 'DRAINING'))`,
        [worker.pid],
      )
      return rowCount !== 0
    }
    await reached(isLost, 20_000)
    // Then others may have begun with what it held.
    await progressed(db, below(random, 40))
    worker.thaw()
  },
  async pause(worker, { db }, random) {
    worker.freeze()
    await progressed(db, 5 + below(random, 60))
    worker.thaw()
  },
}

async function troubleSchedulers(
  fleet: Fleet,
  { random, isOver }: MonkeyOptions,
  note: (what: string) => void,
): Promise<void> {
  while (!isOver()) {
    await progressed(fleet.db, 100 + below(random, 600), 10_000, isOver)
    if (isOver()) return
    const roll = random()
    const [member, signal] =
      roll < 0.25
        ? ([fleet.api, 'SIGKILL'] as const)
        : ([fleet.scheduler, roll < 0.75 ? 'SIGKILL' : 'SIGTERM'] as const)
    note(`${member.name} ${signal}`)
    await member.end(signal)
    await member.start()
  }
}

/** Waits until so many more events were written, or for as long as patience lasts. */
async function progressed(
  db: Fleet['db'],
  events: number,
  withinMs = PATIENCE_MS,
  isOver: () => boolean = () => false,
): Promise<void> {
  const last = async (): Promise<number> =>
    Number((await db.query('SELECT coalesce(max(id), 0) AS id FROM event')).rows[0].id)
  const wanted = (await last()) + events
  await reached(async () => isOver() || (await last()) >= wanted, withinMs)
}

/** Waits for a condition that need not come true. */
async function reached(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs
  await until(async () => performance.now() > end || (await condition()), withinMs * 2)
}
