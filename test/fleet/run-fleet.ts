import { setTimeout as delay } from 'node:timers/promises'
import { below, type Random } from '../support/random.ts'
import { until } from '../support/until.ts'
import { cancel, configureLimits, type Enqueueing, enqueue, setClaimsPaused, uuidOfTask } from './enqueue.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { type FleetHistory, type HeldRows, readLog } from './history.ts'
import { type Mischief, runMonkey, type Trouble } from './monkey.ts'
import { readWitness } from './witness.ts'
import { CAPACITIES, limitsOf, PLAIN, type PlannedTask } from './workload.ts'

export interface FleetRunOptions {
  /** Path of the tree that processes are started from. */
  readonly source: string
  readonly random: Random
  readonly plan: readonly PlannedTask[]
  /** No more are made while so many have not ended: what is lost then runs again soon. */
  readonly mostOpen: number
  readonly troubles: readonly Trouble[]
  /** Executions of a worker between two troubles, at most. */
  readonly pace: number
  readonly isHardOnSchedulers: boolean
  /** Without an event of a task for so long nothing will come any more, in milliseconds. */
  readonly stallMs: number
}

export interface FleetRun {
  readonly history: FleetHistory
  readonly mischief: Mischief
  readonly seconds: number
}

interface Progress {
  readonly isEnqueued: () => boolean
  readonly isOver: () => boolean
}

/** Lets a fleet do a random workload under random troubles, until all tasks have ended or nothing moves any more. */
export async function runFleet(options: FleetRunOptions): Promise<FleetRun> {
  const { random } = options
  const startedAt = performance.now()
  const fleet = await startFleet(options.source)
  try {
    const accepted = new Map<string, ReadonlyMap<string, number>>()
    const onMade = (id: string, task: PlannedTask): void => void accepted.set(uuidOfTask(id), limitsOf(task))
    await configureLimits(fleet.url)
    const heldRows = await claimBesideHeldRows(fleet, onMade)
    let isEnqueued = false
    let isOver = false
    const progress: Progress = { isEnqueued: () => isEnqueued, isOver: () => isOver }
    const toCancel: string[] = []
    const enqueueing = enqueue(fleet.url, {
      name: 'random',
      plan: options.plan,
      room: async () => {
        while (!isOver && (await countOpen(fleet)) > options.mostOpen) await delay(20)
      },
      onMade(id, task) {
        onMade(id, task)
        if (task.isCancelled) toCancel.push(id)
      },
    }).finally(() => {
      isEnqueued = true
    })
    const cancelling = cancelInTurn(fleet.url, toCancel, { ...progress, random })
    const monkey = runMonkey(fleet, { ...options, isOver: progress.isOver })
    const ending = ended(fleet, progress, options.stallMs).finally(() => {
      isOver = true
    })
    const all = [monkey, enqueueing, cancelling, ending] as const
    // One that fails takes the others along: none may start a process again after its removal.
    await Promise.all(all).finally(() => {
      isOver = true
      return Promise.allSettled(all)
    })
    const mischief = await monkey
    // Whoever was thawed last still says what it has to say.
    await fleet.settle()
    const history = {
      log: await readLog(fleet.db),
      witness: readWitness(fleet.witness),
      accepted,
      capacities: CAPACITIES,
      heldRows,
    }
    return { history, mischief, seconds: (performance.now() - startedAt) / 1_000 }
  } catch (error) {
    throw new Error(`The fleet could not go on. ${fleet.lastWords()}`, { cause: error })
  } finally {
    await fleet.remove()
  }
}

/** Cancels them one after the other, at random times. */
async function cancelInTurn(
  url: string,
  ids: readonly string[],
  { random, isEnqueued, isOver }: Progress & { readonly random: Random },
): Promise<void> {
  for (let next = 0; !isOver() && (next < ids.length || !isEnqueued()); ) {
    await delay(below(random, 150))
    if (next < ids.length) await cancel(url, ids[next++]!)
  }
}

/** Waits until all tasks have ended, or no event of one was written for `stallMs`: workers come and go for ever. */
async function ended({ db }: Fleet, { isEnqueued, isOver }: Progress, stallMs: number): Promise<void> {
  let last = ''
  let movedAt = performance.now()
  while (!isOver()) {
    await delay(100)
    if (isEnqueued() && (await countOpen({ db })) === 0) return
    const { rows } = await db.query<{ last: string }>(
      'SELECT coalesce(max(id), 0)::text AS last FROM event WHERE task_id IS NOT NULL',
    )
    if (rows[0]!.last !== last) movedAt = performance.now()
    last = rows[0]!.last
    if (performance.now() - movedAt > stallMs) return
  }
}

async function countOpen({ db }: Pick<Fleet, 'db'>): Promise<number> {
  const { rows } = await db.query<{ open: number }>('SELECT count(*)::int AS open FROM task WHERE finished_at IS NULL')
  return rows[0]!.open
}

const PLAIN_TASKS = 60
const HELD = 5

/** Holds the rows of the first tasks in a transaction while the others may be claimed: claims pass them by. */
async function claimBesideHeldRows({ db, url }: Fleet, onMade: Enqueueing['onMade']): Promise<HeldRows> {
  await setClaimsPaused(url, true)
  const plan = Array.from({ length: PLAIN_TASKS }, () => PLAIN)
  await enqueue(url, { name: 'plain', plan, onMade })
  const rival = await db.connect()
  let completed = 0
  try {
    await rival.query('BEGIN')
    await rival.query(
      'SELECT FROM task WHERE is_claimable ORDER BY generation, order_key, id LIMIT $1 FOR NO KEY UPDATE',
      [HELD],
    )
    await setClaimsPaused(url, false)
    const isDone = async () => {
      const { rows } = await db.query(`SELECT count(*)::int AS n FROM task WHERE status = 'COMPLETED'`)
      completed = rows[0].n
      return completed === PLAIN_TASKS - HELD
    }
    await until(isDone, 15_000).catch(() => undefined)
    await rival.query('ROLLBACK')
  } finally {
    rival.release()
  }
  return { tasks: PLAIN_TASKS, held: HELD, completed }
}
