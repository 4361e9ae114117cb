import { type Amounts, hasRoom } from '../../task/resources.ts'

/** Of one resource more is asked than there is. */
export interface Shortage {
  readonly resource: string
  readonly asked: number
  readonly available: number
}

export type RoomBlocker =
  | {
      readonly kind: 'no-worker'
      readonly message: string
      readonly type: string
      /** Empty when it is not for want of resources. */
      readonly lacks: readonly Shortage[]
    }
  | {
      readonly kind: 'resource'
      readonly message: string
      /** uuid */
      readonly workerId: string
      readonly lacks: readonly Shortage[]
    }
  | { readonly kind: 'preference'; readonly message: string; readonly until: Date }

/** A worker that lives, serves the type of a task and has the labels it asks for. */
export interface RoomyWorker {
  /** uuid */
  readonly id: string
  readonly name: string
  readonly capacity: Amounts
  /** What it has left. */
  readonly free: Amounts
  /** Sum of the weights of the task's preferences that it meets. */
  readonly score: number
}

/** What a task asks of its workers beside type and labels, and who they are; at least one. */
export interface Room {
  readonly asked: Amounts | null
  readonly graceMs: number | null
  readonly workers: readonly RoomyWorker[]
}

/** Why none of the workers that it could have takes a task now; empty when it only waits its turn. */
export function roomBlockersOf(
  task: { readonly type: string; readonly readyAt: Date | null },
  { asked, graceMs, workers }: Room,
  now: Date,
): RoomBlocker[] {
  const amounts = asked ?? {}
  const large = workers.filter(({ capacity }) => hasRoom(capacity, amounts))
  if (large.length === 0) return [tooLarge(task.type, amounts, workers)]
  const open = large.filter(({ free }) => hasRoom(free, amounts))
  if (open.length === 0) return [full(amounts, large)]
  const best = Math.max(...large.map(({ score }) => score))
  const until = task.readyAt === null ? null : new Date(task.readyAt.getTime() + (graceMs ?? 0))
  const isWaitedFor = open.some(({ score }) => score < best) && until !== null && until > now
  return isWaitedFor ? [ratherOthers(until, large.filter(({ score }) => score === best).length)] : []
}

function tooLarge(type: string, asked: Amounts, workers: readonly RoomyWorker[]): RoomBlocker {
  const most = Object.keys(asked).map((name) => [name, Math.max(...workers.map(({ capacity }) => capacity[name] ?? 0))])
  const lacks = shortages(asked, Object.fromEntries(most))
  const message =
    lacks.length > 0
      ? `No live worker is large enough: it takes ${lacks.map((one) => `${written(one)}, and the largest has ${one.available}`).join('; ')}. Start a larger one.`
      : `No live worker has all that it takes at once: ${writtenAll(asked)}. Start one.`
  return { kind: 'no-worker', message, type, lacks }
}

/** Names the worker that lacks least. */
function full(asked: Amounts, workers: readonly RoomyWorker[]): RoomBlocker {
  const want = ({ free }: RoomyWorker): number =>
    Math.max(...shortages(asked, free).map((one) => (one.asked - one.available) / one.asked))
  const nearest = workers.reduce((a, b) => (want(b) < want(a) ? b : a))
  const lacks = shortages(asked, nearest.free)
  const parts = lacks.map((one) => `${written(one)}, and ${one.available} is free`)
  const message = `No worker has room for it now: it takes ${parts.join('; ')} on ${nearest.name}, which has most. It runs when others have ended.`
  return { kind: 'resource', message, workerId: nearest.id, lacks }
}

function ratherOthers(until: Date, count: number): RoomBlocker {
  const whom = count === 1 ? 'a worker that it prefers' : `one of ${count} workers that it prefers`
  return {
    kind: 'preference',
    message: `It waits for ${whom} until ${until.toISOString()}; then any may have it.`,
    until,
  }
}

function shortages(asked: Amounts, available: Amounts): Shortage[] {
  return Object.entries(asked).flatMap(([resource, amount]) =>
    hasRoom(available, { [resource]: amount })
      ? []
      : [{ resource, asked: amount, available: round(Math.max(available[resource] ?? 0, 0)) }],
  )
}

function written({ resource, asked }: Pick<Shortage, 'resource' | 'asked'>): string {
  return `${asked} of ${resource}`
}

function writtenAll(asked: Amounts): string {
  return Object.entries(asked)
    .map(([resource, amount]) => written({ resource, asked: amount }))
    .join(', ')
}

function round(amount: number): number {
  return Number(amount.toPrecision(12))
}
