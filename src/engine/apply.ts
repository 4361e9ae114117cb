import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { deleteSlots } from '../pool/store.ts'
import type { Moved } from '../task/move.ts'
import { isFinished } from '../task/status.ts'
import { type AttemptUsage, type EndedAttempt, endAttempts } from '../task/store/attempts.ts'
import type { CompletedTask } from '../task/store/complete-tasks.ts'
import { type OpenDependency, readOpenDependents, settleDependencies } from '../task/store/dependencies.ts'
import { lockTasks } from '../task/store/lock-tasks.ts'
import { writeStates } from '../task/store/write-states.ts'
import type { TaskState } from '../task/task-state.ts'
import type { Decision } from './decision.ts'
import type { Engine } from './engine.ts'
import { decideDependents } from './settle-dependents.ts'

/** What a committed transaction means for other processes. */
export interface Applied {
  readonly hasEvents: boolean
  readonly hasClaimable: boolean
  readonly hasRevoked: boolean
  /** Whose slots were given back or are waited for. */
  readonly limits?: LimitsToSettle | undefined
}

export interface LimitsToSettle {
  readonly tenant: string
  readonly keys: readonly string[]
}

/** A task that has ended, as far as those that wait for it need to know. */
export type Ended = Pick<TaskState, 'id' | 'status'>

/** What was written already when decisions are applied: successes, and how their attempts went. */
export interface Successes {
  readonly tenant: string
  /** When they ended. */
  readonly at: Date
  readonly completed: readonly CompletedTask[]
  readonly usageOf: (taskId: string) => AttemptUsage | undefined
}

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
  { tenant, at, completed, usageOf }: Successes = noSuccesses(decisions),
): Promise<Applied> {
  const moves: Decision[] = []
  let ended: readonly Ended[] = completed.map(({ id }) => ({ id, status: 'COMPLETED' }))
  const attempts = completed.map((task) => succeededAttempt(task, usageOf(task.id)))
  const limited = completed.filter(({ limits }) => limits !== null)
  const ends = Promise.all([
    endAttempts(client, tenant, attempts, at),
    deleteSlots(
      client,
      tenant,
      limited.map(({ id }) => id),
    ),
  ])
  for (let wave = decisions; wave.length > 0 || ended.length > 0; ) {
    moves.push(...wave)
    const done = [...ended, ...endedIn(wave)]
    const [open] = await Promise.all([readDependents(client, tenant, done), writeWave(client, tenant, wave, now), ends])
    wave = open.length === 0 ? [] : await settleAfter(client, tenant, done, open, now)
    ended = []
  }
  const events = [
    ...completed.map((task) => successOf(task, tenant, actor)),
    ...moves.flatMap((decision) => announcement(decision, actor)),
  ]
  if (events.length > 0) await appendEvents(client, events)
  return {
    hasEvents: events.length > 0,
    hasClaimable: moves.some(({ transition }) => transition.state.isClaimable),
    hasRevoked: moves.some(
      ({ before, transition }) => before.status === 'RUNNING' && transition.state.status !== 'RUNNING',
    ),
    limits: limitsToSettle(
      tenant,
      moves.map(({ before, transition }) => ({ before, after: transition.state })),
      limited,
    ),
  }
}

function noSuccesses([first]: readonly Decision[]): Successes {
  return { tenant: first?.before.tenant ?? '', at: new Date(0), completed: [], usageOf: () => undefined }
}

/** Rings for a transaction that has committed. */
export function ringBells({ channel }: Pick<Engine, 'channel'>, applied: Applied): void {
  if (applied.hasEvents) channel.publish('events')
  if (applied.hasClaimable) channel.publish('claimable')
  if (applied.hasRevoked) channel.publish('revoked')
  if (applied.limits !== undefined) ringLimits(channel, applied.limits)
}

/** Most limits named in one message. */
const MOST_KEYS = 200

function ringLimits(channel: Engine['channel'], { tenant, keys }: LimitsToSettle): void {
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
    const isFreed = before !== null && ownsSlots(before) && !ownsSlots(after)
    return isFreed || after.blockedOn !== null ? (after.limits ?? []) : []
  })
  const keys = new Set([...concerned, ...completed.flatMap(({ limits }) => limits ?? [])].map(({ key }) => key))
  return keys.size === 0 ? undefined : { tenant, keys: [...keys] }
}

function ownsSlots({ limits, isClaimable, status }: TaskState): boolean {
  return limits !== null && (isClaimable || status === 'RUNNING')
}

/** The statements share a round trip. */
async function writeWave(client: ClientBase, tenant: string, wave: readonly Decision[], now: Date): Promise<void> {
  const changed = wave.filter(({ before, transition }) => transition.state !== before)
  const changes = changed.map(({ before, transition, output }) => ({
    before,
    after: transition.state,
    output: output ?? null,
  }))
  const freed = changes.flatMap(({ before, after }) => (ownsSlots(before) && !ownsSlots(after) ? [before.id] : []))
  await Promise.all([
    writeStates(client, changes, now),
    deleteSlots(client, tenant, freed),
    endAttempts(client, tenant, wave.flatMap(endedAttempt), now),
  ])
}

async function readDependents(client: ClientBase, tenant: string, ended: readonly Ended[]): Promise<OpenDependency[]> {
  return ended.length === 0
    ? []
    : readOpenDependents(
        client,
        tenant,
        ended.map(({ id }) => id),
      )
}

async function settleAfter(
  client: ClientBase,
  tenant: string,
  ended: readonly Ended[],
  open: readonly OpenDependency[],
  now: Date,
): Promise<Decision[]> {
  const { tasks } = await lockTasks(client, tenant, [...new Set(open.map(({ taskId }) => taskId))])
  const endedById = new Map(ended.map((task) => [task.id, task]))
  const { settled, decisions } = decideDependents(open, endedById, tasks, now)
  await settleDependencies(client, tenant, settled, now)
  return decisions
}

function endedIn(wave: readonly Decision[]): Ended[] {
  return wave.flatMap(({ before, transition }) =>
    isFinished(transition.state.status) && !isFinished(before.status) ? [transition.state] : [],
  )
}

function succeededAttempt({ id, attempt }: CompletedTask, usage: AttemptUsage | undefined): EndedAttempt {
  return { taskId: id, number: attempt, outcome: 'COMPLETED', error: null, ...(usage && { usage }) }
}

function successOf({ id, type, version, attempt }: CompletedTask, tenant: string, actor: string | null): NewEvent {
  const about = { tenant, taskId: id, taskType: type, version, attempt, actor }
  return { ...about, kind: 'TaskCompleted', status: 'COMPLETED', payload: null }
}

function endedAttempt({ before, transition, usage }: Decision): EndedAttempt[] {
  const end = transition.kind === 'moved' ? transition.attemptEnd : null
  return end === null ? [] : [{ taskId: before.id, ...end, ...(usage && { usage }) }]
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
