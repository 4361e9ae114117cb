import { type Lease, leasesOf } from './check-log.ts'
import type { FleetHistory } from './history.ts'
import type { WitnessLine } from './witness.ts'

/** One call of a handler, as it wrote it down. */
interface Execution {
  readonly began: WitnessLine
  /** null when its process died or was frozen for good before */
  readonly ended: WitnessLine | null
}

/** Ends that only a handler can have brought about, and how it ended then. */
const TOLD_BY_HANDLER: Readonly<Record<string, { outcome: string; what: WitnessLine['what'] }>> = {
  TaskCompleted: { outcome: 'COMPLETED', what: 'returned' },
  TaskRetrying: { outcome: 'FAILED', what: 'threw' },
  TaskFailed: { outcome: 'FAILED', what: 'threw' },
}

/**
 * Where what handlers saw contradicts what was promised. Nothing of it is taken from our tables but which lease belongs to which
 * worker, and which ends were accepted.
 *
 * A handler of a frozen or cut-off process may go on without a lease; only executions whose own end was accepted held theirs from
 * beginning to end, and they are what limits and dependencies are judged by.
 *
 * @returns one sentence for each problem, empty when all is well
 */
export function witnessProblems(history: FleetHistory): string[] {
  const leases = new Map(leasesOf(history.log.events).map((lease) => [`${lease.taskId} ${lease.epoch}`, lease]))
  const executions = executionsOf(history.witness)
  const accepted = acceptedOf(history, leases)
  return [
    ...twiceProblems(history.witness),
    ...strayProblems(history, executions, leases),
    ...silentProblems(executions, accepted),
    ...overlapProblems(history, executions, accepted),
    ...orderProblems(history, executions, accepted),
    ...slotProblems(history, executions, leases),
  ]
}

/** Executions by task and epoch. */
function executionsOf(witness: readonly WitnessLine[]): ReadonlyMap<string, Execution> {
  const executions = new Map<string, Execution>()
  for (const line of witness) {
    const name = `${line.id} ${line.epoch}`
    if (line.what === 'began') executions.set(name, { began: line, ended: null })
    else if (executions.has(name)) executions.set(name, { ...executions.get(name)!, ended: line })
  }
  return executions
}

/** The leases whose end their handler told, with how it must have ended. */
function acceptedOf(
  { log }: FleetHistory,
  leases: ReadonlyMap<string, Lease>,
): ReadonlyMap<string, WitnessLine['what']> {
  const accepted = new Map<string, WitnessLine['what']>()
  for (const { taskId, epoch, outcome } of log.attempts) {
    const name = `${taskId} ${epoch}`
    const told = TOLD_BY_HANDLER[leases.get(name)?.ended?.kind ?? '']
    if (told !== undefined && told.outcome === outcome) accepted.set(name, told.what)
  }
  return accepted
}

function twiceProblems(witness: readonly WitnessLine[]): string[] {
  const calls = Map.groupBy(
    witness.filter(({ what }) => what === 'began'),
    ({ id, epoch }) => `${id} ${epoch}`,
  )
  return [...calls.values()]
    .filter(({ length }) => length > 1)
    .map((lines) => `${lines[0]!.id}: its handler was called ${lines.length} times under epoch ${lines[0]!.epoch}`)
}

/** Calls that no claim explains, or of another process than the worker that claimed. */
function strayProblems(
  { log }: FleetHistory,
  executions: ReadonlyMap<string, Execution>,
  leases: ReadonlyMap<string, Lease>,
): string[] {
  const pidOf = new Map(log.workers.map(({ id, pid }) => [id, pid]))
  return [...executions].flatMap(([name, { began }]) => {
    const lease = leases.get(name)
    if (lease === undefined) return [`${began.id}: its handler was called under epoch ${began.epoch}, never claimed`]
    const pid = pidOf.get(lease.workerId ?? '')
    return pid === began.pid ? [] : [`${began.id}: ran in process ${began.pid}, claimed by that of ${pid}`]
  })
}

/** Accepted ends that no handler has brought about. */
function silentProblems(
  executions: ReadonlyMap<string, Execution>,
  accepted: ReadonlyMap<string, WitnessLine['what']>,
): string[] {
  return [...accepted].flatMap(([name, what]) => {
    const saw = executions.get(name)?.ended?.what
    return saw === what ? [] : [`${name.split(' ')[0]}: an end was accepted that its handler (${saw}) did not tell`]
  })
}

/** More handlers at once than a limit has slots. */
function overlapProblems(
  { accepted: limitsOf, capacities }: FleetHistory,
  executions: ReadonlyMap<string, Execution>,
  accepted: ReadonlyMap<string, WitnessLine['what']>,
): string[] {
  const changes = [...accepted.keys()].flatMap((name) => {
    const { began, ended } = executions.get(name) ?? {}
    if (began === undefined || !ended) return []
    return [...(limitsOf.get(began.id) ?? [])].flatMap(([key, slots]) => [
      { at: began.at, key, slots },
      { at: ended.at, key, slots: -slots },
    ])
  })
  return mostAtOnce(changes).flatMap(([key, most]) =>
    most > capacities[key]! ? [`${key}: handlers of ${most} slots ran at once, of ${capacities[key]}`] : [],
  )
}

/** A handler that began before the one it waits for had told its end. */
function orderProblems(
  { log }: FleetHistory,
  executions: ReadonlyMap<string, Execution>,
  accepted: ReadonlyMap<string, WitnessLine['what']>,
): string[] {
  const firstOf = new Map<string, number>()
  for (const { began } of executions.values())
    firstOf.set(began.id, Math.min(began.at, firstOf.get(began.id) ?? Number.POSITIVE_INFINITY))
  const lastOf = new Map<string, number>()
  for (const name of accepted.keys()) {
    const { ended } = executions.get(name) ?? {}
    if (ended) lastOf.set(ended.id, Math.max(ended.at, lastOf.get(ended.id) ?? 0))
  }
  return log.dependencies.flatMap(({ taskId, dependsOnId }) =>
    (firstOf.get(taskId) ?? Number.POSITIVE_INFINITY) < (lastOf.get(dependsOnId) ?? 0)
      ? [`${taskId}: its handler was called before that of ${dependsOnId} had ended`]
      : [],
  )
}

/** More handlers at once than a worker has slots; those that died with their process ended with it. */
function slotProblems(
  { log }: FleetHistory,
  executions: ReadonlyMap<string, Execution>,
  leases: ReadonlyMap<string, Lease>,
): string[] {
  const slotsOf = new Map(log.workers.map(({ id, slots }) => [id, slots]))
  const changes = [...executions].flatMap(([name, { began, ended }]) => {
    const key = leases.get(name)?.workerId
    if (!key) return []
    return [{ at: began.at, key, slots: 1 }, ...(ended === null ? [] : [{ at: ended.at, key, slots: -1 }])]
  })
  return mostAtOnce(changes).flatMap(([worker, most]) =>
    most > (slotsOf.get(worker) ?? 0)
      ? [`worker ${worker}: ran ${most} handlers at once, with ${slotsOf.get(worker)} slots`]
      : [],
  )
}

interface Change {
  readonly at: number
  readonly key: string
  readonly slots: number
}

/** The most that was taken at once, by key; what ends and begins in the same microsecond does not meet. */
function mostAtOnce(changes: readonly Change[]): [string, number][] {
  const taken = new Map<string, number>()
  const most = new Map<string, number>()
  for (const { key, slots } of changes.toSorted((a, b) => a.at - b.at || a.slots - b.slots)) {
    const now = (taken.get(key) ?? 0) + slots
    taken.set(key, now)
    most.set(key, Math.max(now, most.get(key) ?? 0))
  }
  return [...most]
}
