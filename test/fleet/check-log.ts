import { isFinished } from '../../src/task/status.ts'
import { historyProblems } from '../support/task-history.ts'
import type { FleetEvent, FleetHistory } from './history.ts'

/** How an attempt's outcome follows from the event that ended it. */
const OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  TaskCompleted: ['COMPLETED'],
  TaskRetrying: ['FAILED', 'TIMED_OUT'],
  TaskFailed: ['FAILED', 'TIMED_OUT', 'LOST'],
  AttemptLost: ['LOST'],
  TaskReleased: ['RELEASED'],
  TaskCancelled: ['CANCELLED'],
}

/** One lease, from the claim to whatever ended it. */
export interface Lease {
  readonly taskId: string
  readonly epoch: number
  readonly workerId: string | null
  readonly began: FleetEvent
  /** null while it holds */
  readonly ended: FleetEvent | null
}

/**
 * What the log and the rows themselves say that must not be.
 *
 * Ids of events follow the locks: what takes a slot that another gave back has the larger id. So nothing needs tolerance.
 *
 * @returns one sentence for each problem, empty when all is well
 */
export function logProblems(history: FleetHistory): string[] {
  const leases = leasesOf(history.log.events)
  return [
    ...historyProblems(history.log),
    ...acceptanceProblems(history),
    ...endProblems(history),
    ...outcomeProblems(history, leases),
    ...lossProblems(history, leases),
    ...limitProblems(history),
    ...dependencyProblems(history),
    ...heldRowProblems(history),
    ...history.log.ownedSlots.map(({ key, taskId }) => `${taskId}: still owns a slot of ${key}`),
  ]
}

/** The leases that the log tells of, in its order. @param events by id */
export function leasesOf(events: readonly FleetEvent[]): Lease[] {
  const leases: {
    taskId: string
    epoch: number
    workerId: string | null
    began: FleetEvent
    ended: FleetEvent | null
  }[] = []
  const epochs = new Map<string, number>()
  const open = new Map<string, (typeof leases)[number]>()
  for (const event of events) {
    const { taskId, kind, status } = event
    if (kind === 'TaskStarted') {
      const epoch = (epochs.get(taskId) ?? 0) + 1
      const lease = { taskId, epoch, workerId: event.workerId, began: event, ended: null }
      epochs.set(taskId, epoch)
      open.set(taskId, lease)
      leases.push(lease)
    } else if (status !== 'RUNNING' && open.has(taskId)) {
      open.get(taskId)!.ended = event
      open.delete(taskId)
    }
  }
  return leases
}

function acceptanceProblems({ log, accepted }: FleetHistory): string[] {
  const made = new Set(log.tasks.map(({ id }) => id))
  return [
    ...[...accepted.keys()].filter((id) => !made.has(id)).map((id) => `${id}: was accepted and is not there`),
    ...[...made].filter((id) => !accepted.has(id)).map((id) => `${id}: is there and nobody was told`),
  ]
}

function endProblems({ log }: FleetHistory): string[] {
  const eventsOf = Map.groupBy(log.events, ({ taskId }) => taskId)
  return log.tasks.flatMap(({ id, status }) => {
    if (!isFinished(status)) return [`${id}: never ended, it is ${status}`]
    const events = eventsOf.get(id) ?? []
    const ends = events.filter((event) => isFinished(event.status)).length
    return ends === 1 && isFinished(events.at(-1)!.status) ? [] : [`${id}: ended ${ends} times`]
  })
}

/** Every claim is counted as an attempt, under an epoch of its own, and ended as the log says. */
function outcomeProblems({ log }: FleetHistory, leases: readonly Lease[]): string[] {
  const outcomeOf = new Map(log.attempts.map(({ taskId, epoch, outcome }) => [`${taskId} ${epoch}`, outcome]))
  const uncounted = leases.flatMap(({ taskId, epoch, ended }) => {
    const outcome = outcomeOf.get(`${taskId} ${epoch}`)
    if (outcome === undefined) return [`${taskId}: was claimed under epoch ${epoch} without an attempt`]
    const isTold = ended === null ? outcome === null : OUTCOMES[ended.kind]?.includes(outcome ?? '')
    return isTold ? [] : [`${taskId}: its attempt under epoch ${epoch} is ${outcome} after ${ended?.kind}`]
  })
  const wrongOutputs = log.tasks.flatMap(({ id, status, output }) => {
    if (status !== 'COMPLETED') return []
    const accepted = output === null ? undefined : outcomeOf.get(`${id} ${output.epoch}`)
    return accepted === 'COMPLETED'
      ? []
      : [`${id}: keeps the output of epoch ${output?.epoch}, whose attempt is ${accepted}`]
  })
  return [...uncounted, ...wrongOutputs]
}

/** Taken from a worker that had neither been given up nor signed off. */
function lossProblems({ log }: FleetHistory, leases: readonly Lease[]): string[] {
  const goneAt = new Map(log.workers.map(({ id, goneAt }) => [id, goneAt]))
  return leases.flatMap(({ taskId, workerId, ended }) => {
    if (ended?.kind !== 'AttemptLost') return []
    const gone = goneAt.get(workerId ?? '') ?? Number.POSITIVE_INFINITY
    return gone <= ended.at ? [] : [`${taskId}: was taken from worker ${workerId}, which was alive`]
  })
}

/** More live leases than a limit has slots, at any point of the log. */
function limitProblems({ log, accepted, capacities }: FleetHistory): string[] {
  const problems: string[] = []
  const taken = new Map<string, number>()
  const live = new Set<string>()
  const NONE: ReadonlyMap<string, number> = new Map()
  for (const { id, taskId, kind, status } of log.events) {
    const limits = accepted.get(taskId) ?? NONE
    if (kind === 'TaskStarted' && !live.has(taskId)) {
      live.add(taskId)
      for (const [key, slots] of limits) {
        const now = (taken.get(key) ?? 0) + slots
        taken.set(key, now)
        if (now > capacities[key]!) problems.push(`${key}: ${now} of ${capacities[key]} slots taken at event ${id}`)
      }
    } else if (status !== 'RUNNING' && live.delete(taskId)) {
      for (const [key, slots] of limits) taken.set(key, taken.get(key)! - slots)
    }
  }
  return problems
}

/** Claimed before all that it waits for had ended. */
function dependencyProblems({ log }: FleetHistory): string[] {
  const firstStart = new Map<string, number>()
  const endOf = new Map<string, number>()
  for (const { id, taskId, kind, status } of log.events) {
    if (kind === 'TaskStarted' && !firstStart.has(taskId)) firstStart.set(taskId, id)
    if (isFinished(status)) endOf.set(taskId, id)
  }
  return log.dependencies.flatMap(({ taskId, dependsOnId, state }) => {
    const start = firstStart.get(taskId)
    if (start === undefined) return []
    if (state !== 'SATISFIED') return [`${taskId}: ran with its dependency on ${dependsOnId} ${state}`]
    return start > (endOf.get(dependsOnId) ?? Number.POSITIVE_INFINITY)
      ? []
      : [`${taskId}: ran before ${dependsOnId} had ended`]
  })
}

function heldRowProblems({ heldRows: { tasks, held, completed } }: FleetHistory): string[] {
  if (completed === tasks - held) return []
  return [`claims waited: with ${held} of ${tasks} tasks held by a transaction, ${completed} others completed`]
}
