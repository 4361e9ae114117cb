import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { sendLast } from '../infra/with-transaction.ts'
import { deleteSlots } from '../pool/store.ts'
import { isRateKey, type Limit, limitsInForce } from '../task/limits.ts'
import type { Moved } from '../task/move.ts'
import { takesRoom } from '../task/placement.ts'
import { isFinished } from '../task/status.ts'
import { type LeftAttempt, recordAttempts } from '../task/store/attempts.ts'
import type { CompletedTask } from '../task/store/complete-tasks.ts'
import { writeStates } from '../task/store/write-states.ts'
import type { TaskState } from '../task/task-state.ts'
import { type Cascade, readOpen, settleAfter } from './cascade.ts'
import type { Decision } from './decision.ts'
import type { Engine } from './engine.ts'
import type { Ended } from './settle-dependents.ts'
import { writeWaits } from './wait-changes.ts'

/** What a committed transaction means for other processes. */
export interface Applied {
  readonly hasEvents: boolean
  readonly hasClaimable: boolean
  readonly hasRevoked: boolean
  /** A cascade was too long for one transaction: settle-rest goes on with it. */
  readonly hasUnsettled: boolean
  /** Whose slots were given back or are waited for. */
  readonly limits?: LimitsToSettle | undefined
  /** Tasks have ended that may be of runs, which are to take that in. */
  readonly hasRunNews?: boolean
}

export interface LimitsToSettle {
  readonly tenant: string
  readonly keys: readonly string[]
}

/** What was written already when decisions are applied: successes, with the records of their attempts. */
export interface Successes {
  readonly tenant: string
  readonly completed: readonly CompletedTask[]
}

/** Rows that one statement writes: it finds their values by their place in a list. */
const ROWS_AT_ONCE = 500

/**
 * Writes decisions and all that follows from them: ended attempts, settled dependents and theirs in turn, and last,
 * after every lock is held, the events.
 *
 * @param actor who is named in the events, or null for the system's own doing
 * @param successes what `completeTasks` has written in this transaction
 */
export async function applyDecisions(
  client: ClientBase,
  actor: string | null,
  now: Date,
  decisions: readonly Decision[],
  successes: Successes = noSuccesses(decisions),
): Promise<Applied> {
  const { tenant } = successes
  const succeeded = successes.completed.map((task) => [task.id, endedBySuccess(task)] as const)
  const ended = new Map<string, Ended>([...succeeded, ...decisions.flatMap(endedTask)])
  const freed = successes.completed.flatMap(({ id, limits }) => (limits === null ? [] : [id]))
  const [open] = await Promise.all([
    readOpen(client, tenant, ended),
    deleteSlots(client, tenant, freed),
    writeDecisions(client, decisions, now),
  ])
  const cascade = await settleAfter(client, tenant, ended, open, now, writeDecisions)
  return announceAll(client, actor, decisions, cascade, successes)
}

/** Goes on with what follows from ends that were written before. All of one tenant, under their locks. */
export async function applyEnds(
  client: ClientBase,
  tenant: string,
  now: Date,
  ended: readonly TaskState[],
): Promise<Applied> {
  const tasks = new Map(ended.map((task) => [task.id, task]))
  const open = await readOpen(client, tenant, tasks)
  const cascade = await settleAfter(client, tenant, tasks, open, now, writeDecisions)
  return announceAll(client, null, [], cascade, { ...noSuccesses([]), tenant })
}

async function announceAll(
  client: ClientBase,
  actor: string | null,
  decisions: readonly Decision[],
  cascade: Cascade,
  { tenant, completed }: Successes,
): Promise<Applied> {
  const moves = [...decisions, ...cascade.decisions]
  const events = [
    ...completed.map((task) => successOf(task, tenant, actor)),
    ...moves.flatMap((decision) => announcement(decision, actor)),
  ]
  if (events.length > 0) sendLast(client, appendEvents(client, events))
  return {
    hasEvents: events.length > 0,
    hasClaimable: moves.some(({ transition }) => transition.state.isClaimable) || hasMadeRoom(moves, completed),
    hasRevoked: moves.some(
      ({ before, transition }) => before.status === 'RUNNING' && transition.state.status !== 'RUNNING',
    ),
    hasUnsettled: !cascade.isComplete,
    hasRunNews: completed.some(({ isOfRun }) => isOfRun) || moves.some((move) => endedTask(move).length > 0),
    limits: limitsToSettle(
      tenant,
      moves.map(({ before, transition }) => ({ before, after: transition.state })),
      completed,
    ),
  }
}

/** A worker has more left than before: what did not fit it may. */
function hasMadeRoom(moves: readonly Decision[], completed: readonly CompletedTask[]): boolean {
  return (
    completed.some(({ placement }) => takesRoom(placement)) ||
    moves.some(
      ({ before, transition }) =>
        before.status === 'RUNNING' && transition.state.status !== 'RUNNING' && takesRoom(before.placement),
    )
  )
}

function noSuccesses([first]: readonly Decision[]): Successes {
  return { tenant: first?.before.tenant ?? '', completed: [] }
}

/** Rings for a transaction that has committed. */
export function ringBells({ channel }: Pick<Engine, 'channel'>, applied: Applied): void {
  if (applied.hasEvents) channel.publish('events')
  if (applied.hasClaimable) channel.publish('claimable')
  if (applied.hasRevoked) channel.publish('revoked')
  if (applied.hasUnsettled) channel.publish('unsettled')
  if (applied.hasRunNews) channel.publish('runs')
  if (applied.limits !== undefined) ringLimits(channel, applied.limits)
}

/** Most limits named in one message. */
const MOST_KEYS = 200

export function ringLimits(channel: Engine['channel'], { tenant, keys }: LimitsToSettle): void {
  for (let from = 0; from < keys.length; from += MOST_KEYS)
    channel.publish('limits', JSON.stringify({ tenant, keys: keys.slice(from, from + MOST_KEYS) }))
}

/** Limits for the admission to look at: tasks wait at them now, or have given slots back. */
export function limitsToSettle(
  tenant: string,
  changes: readonly { readonly before: TaskState | null; readonly after: TaskState }[],
  completed: readonly CompletedTask[] = [],
): LimitsToSettle | undefined {
  const concerned = changes.flatMap(({ before, after }) => {
    if (after.blockedOn !== null) return limitsInForce(after)
    if (before === null || ownsSlots(after)) return []
    if (before.isClaimable) return limitsInForce(before)
    return before.status === 'RUNNING' ? slotsOf(before) : []
  })
  const keys = new Set([...concerned, ...completed.flatMap(slotsOf)].map(({ key }) => key))
  return keys.size === 0 ? undefined : { tenant, keys: [...keys] }
}

/** The limits of several parts of one transaction. */
export function joinLimits(tenant: string, ...all: readonly Applied['limits'][]): Applied['limits'] {
  const keys = new Set(all.flatMap((limits) => limits?.keys ?? []))
  return keys.size === 0 ? undefined : { tenant, keys: [...keys] }
}

/** What the end of a run gives back: a token is gone. */
function slotsOf({ limits }: Pick<TaskState, 'limits'>): readonly Limit[] {
  return limits?.filter(({ key }) => !isRateKey(key)) ?? []
}

function ownsSlots({ isClaimable, status }: TaskState): boolean {
  return isClaimable || status === 'RUNNING'
}

/** Statements that do not wait for each other share a round trip. */
async function writeDecisions(client: ClientBase, decisions: readonly Decision[], now: Date): Promise<void> {
  for (let from = 0; from < decisions.length; from += ROWS_AT_ONCE) {
    const some = decisions.slice(from, from + ROWS_AT_ONCE)
    const { tenant } = some[0]!.before
    const changes = some
      .filter(({ before, transition }) => transition.state !== before)
      .map(({ before, transition, output }) => ({ before, after: transition.state, output: output ?? null }))
    const freed = changes.flatMap(({ before, after }) =>
      before.limits !== null && ownsSlots(before) && !ownsSlots(after) ? [before.id] : [],
    )
    await Promise.all([
      writeStates(client, changes, now),
      deleteSlots(client, tenant, freed),
      recordAttempts(client, tenant, some.flatMap(leftAttempt), now),
      writeWaits(client, tenant, some, now),
    ])
  }
}

function endedTask({ before, transition: { state } }: Decision): (readonly [string, Ended])[] {
  return isFinished(state.status) && !isFinished(before.status) ? [[state.id, state]] : []
}

/** Its output is read from its row when a condition asks for it. */
function endedBySuccess({ id, attempt }: CompletedTask): Ended {
  return { id, status: 'COMPLETED', attempt, error: null }
}

function successOf({ id, type, version, attempt }: CompletedTask, tenant: string, actor: string | null): NewEvent {
  const about = { tenant, taskId: id, taskType: type, version, attempt, actor }
  return { ...about, kind: 'TaskCompleted', status: 'COMPLETED', payload: null }
}

/** An attempt that stops running, for good or to be resumed, or ends while it is parked. */
function leftAttempt({ before, transition, usage }: Decision): LeftAttempt[] {
  const end = transition.kind === 'moved' ? transition.attemptEnd : null
  const isLeft = before.status === 'RUNNING' && transition.state.status !== 'RUNNING'
  return end === null && !isLeft ? [] : [{ task: before, end, ...(usage && { usage }) }]
}

function announcement({ transition }: Decision, actor: string | null): NewEvent[] {
  return transition.kind === 'moved' ? [eventOf(transition, actor)] : []
}

function eventOf({ state, event }: Moved, actor: string | null): NewEvent {
  return {
    tenant: state.tenant,
    kind: event.kind,
    taskId: state.id,
    taskType: state.type,
    version: state.version,
    status: state.status,
    attempt: state.attempt,
    actor,
    payload: event.payload,
  }
}
