import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { deleteSlots } from '../pool/store.ts'
import type { Moved } from '../task/move.ts'
import { isFinished } from '../task/status.ts'
import { endAttempts } from '../task/store/attempts.ts'
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

/**
 * Writes decisions and all that follows from them: ended attempts, settled dependents and theirs in turn, and last,
 * after every lock is held, the events.
 *
 * @param actor who is named in the events, or null for the system's own doing
 */
export async function applyDecisions(
  client: ClientBase,
  actor: string | null,
  now: Date,
  decisions: readonly Decision[],
): Promise<Applied> {
  const moves: Decision[] = []
  for (let wave = decisions; wave.length > 0; ) {
    moves.push(...wave)
    const [open] = await Promise.all([readDependents(client, wave), writeWave(client, wave, now)])
    wave = open.length === 0 ? [] : await settleAfter(client, wave, open, now)
  }
  const events = moves.flatMap((decision) => announcement(decision, actor))
  if (events.length > 0) await appendEvents(client, events)
  return {
    hasEvents: events.length > 0,
    hasClaimable: moves.some(({ transition }) => transition.state.isClaimable),
    hasRevoked: moves.some(
      ({ before, transition }) => before.status === 'RUNNING' && transition.state.status !== 'RUNNING',
    ),
    limits: limitsToSettle(
      tenantOf(decisions),
      moves.map(({ before, transition }) => ({ before, after: transition.state })),
    ),
  }
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
): LimitsToSettle | undefined {
  const keys = new Set(
    changes.flatMap(({ before, after }) => {
      const isFreed = before !== null && ownsSlots(before) && !ownsSlots(after)
      return isFreed || after.blockedOn !== null ? (after.limits ?? []).map(({ key }) => key) : []
    }),
  )
  return keys.size === 0 ? undefined : { tenant, keys: [...keys] }
}

function ownsSlots({ limits, isClaimable, status }: TaskState): boolean {
  return limits !== null && (isClaimable || status === 'RUNNING')
}

/** The statements share a round trip. */
async function writeWave(client: ClientBase, wave: readonly Decision[], now: Date): Promise<void> {
  const changed = wave.filter(({ before, transition }) => transition.state !== before)
  const changes = changed.map(({ before, transition, output }) => ({
    before,
    after: transition.state,
    output: output ?? null,
  }))
  const freed = changes.flatMap(({ before, after }) => (ownsSlots(before) && !ownsSlots(after) ? [before.id] : []))
  await Promise.all([
    writeStates(client, changes, now),
    deleteSlots(client, tenantOf(wave), freed),
    endAttempts(client, tenantOf(wave), wave.flatMap(endedAttempt), now),
  ])
}

async function readDependents(client: ClientBase, wave: readonly Decision[]): Promise<OpenDependency[]> {
  const ended = [...endedIn(wave).keys()]
  return ended.length === 0 ? [] : readOpenDependents(client, tenantOf(wave), ended)
}

async function settleAfter(
  client: ClientBase,
  wave: readonly Decision[],
  open: readonly OpenDependency[],
  now: Date,
): Promise<Decision[]> {
  const tenant = tenantOf(wave)
  const { tasks } = await lockTasks(client, tenant, [...new Set(open.map(({ taskId }) => taskId))])
  const { settled, decisions } = decideDependents(open, endedIn(wave), tasks, now)
  await settleDependencies(client, tenant, settled, now)
  return decisions
}

function endedIn(wave: readonly Decision[]): ReadonlyMap<string, TaskState> {
  return new Map(
    wave.flatMap(({ before, transition }) =>
      isFinished(transition.state.status) && !isFinished(before.status) ? [[before.id, transition.state] as const] : [],
    ),
  )
}

function tenantOf(wave: readonly Decision[]): string {
  return wave[0]!.before.tenant
}

function endedAttempt({ before, transition, usage }: Decision) {
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
