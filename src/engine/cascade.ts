import type { ClientBase } from 'pg'
import {
  mergeOutputs,
  type OpenDependency,
  readAwaited,
  readCollapsing,
  readOpenDependents,
  readOutputs,
  settleDependencies,
} from '../task/store/dependencies.ts'
import { lockTasks } from '../task/store/lock-tasks.ts'
import { markUnsettled } from '../task/store/unsettled.ts'
import type { TaskState } from '../task/task-state.ts'
import type { Decision } from './decision.ts'
import { decideDependents, type Ended, type Settling } from './settle-dependents.ts'

/** About how many dependencies one transaction settles; what is left is noted for others that follow. */
const MAX_SETTLED = 1_000

type Ends = ReadonlyMap<string, Ended>
type WriteDecisions = (client: ClientBase, decisions: readonly Decision[], now: Date) => Promise<void>

export interface Cascade {
  readonly decisions: readonly Decision[]
  /** False when some that depend on what has ended are not settled yet; a note says so. */
  readonly isComplete: boolean
}

/**
 * The dependencies that the end of some tasks settles, as far as one transaction goes. What succeeded frees its dependents, and no
 * more; what did not may take others along.
 *
 * @param ended of one tenant, under their locks
 */
export async function readOpen(client: ClientBase, tenant: string, ended: Ends): Promise<readonly OpenDependency[]> {
  const tasks = [...ended.values()]
  const good = tasks.filter(({ status }) => status === 'COMPLETED').map(({ id }) => id)
  const bad = tasks.filter(({ status }) => status !== 'COMPLETED').map(({ id }) => id)
  const [freed, falling] = await Promise.all([
    good.length === 0 ? [] : readOpenDependents(client, tenant, good, MAX_SETTLED),
    bad.length === 0 ? [] : readCollapsing(client, tenant, bad, MAX_SETTLED),
  ])
  return [...freed, ...falling]
}

/**
 * Settles what depends on tasks that have ended, and what depends on those that end with them, up to a limit.
 *
 * The number of statements does not follow the depth: a chain that falls is read ahead as a whole, decided in memory and written at
 * once. What was read ahead may have grown before it was locked, so it is looked at again, under the locks, until nothing is left.
 *
 * @param ended of one tenant, under their locks, their ends written
 * @param open what `readOpen` found for them
 */
export async function settleAfter(
  client: ClientBase,
  tenant: string,
  ended: Ends,
  open: readonly OpenDependency[],
  now: Date,
  write: WriteDecisions,
): Promise<Cascade> {
  const decisions: Decision[] = []
  let settled = 0
  for (let from = ended, next = open; next.length > 0; next = await readOpen(client, tenant, from)) {
    const round = await settleRound(client, tenant, from, next, now, write)
    decisions.push(...round.decisions)
    settled += next.length
    // All were read under the locks, and none has ended: nothing can be left.
    if (next.length < MAX_SETTLED && round.ended.size === 0) break
    const known = new Map<string, Ended>([...from, ...round.ended])
    const awaited = await readAwaited(client, tenant, [...known.keys()])
    if (awaited.length === 0) break
    if (settled >= MAX_SETTLED) {
      await markUnsettled(client, tenant, awaited)
      return { decisions, isComplete: false }
    }
    from = new Map(awaited.map((id) => [id, known.get(id)!]))
  }
  return { decisions, isComplete: true }
}

async function settleRound(
  client: ClientBase,
  tenant: string,
  ended: Ends,
  open: readonly OpenDependency[],
  now: Date,
  write: WriteDecisions,
): Promise<Settling> {
  const { tasks: waiting } = await lockTasks(client, tenant, [...new Set(open.map(({ taskId }) => taskId))])
  const [outputs, overfull] = await Promise.all([
    readOutputs(client, tenant, judgedByOutput(open, ended)),
    mergeOutputs(client, tenant, aboutToBeFree(open, waiting)),
  ])
  const settling = decideDependents({ ended, outputs, open, waiting, overfull }, now)
  await Promise.all([settleDependencies(client, tenant, settling.settled, now), write(client, settling.decisions, now)])
  return settling
}

/** Those that have nothing left to wait for once all that was read has settled. */
function aboutToBeFree(open: readonly OpenDependency[], waiting: ReadonlyMap<string, TaskState>): string[] {
  const counts = new Map<string, number>()
  for (const { taskId } of open) counts.set(taskId, (counts.get(taskId) ?? 0) + 1)
  return [...waiting.values()].filter(({ id, waitingOn }) => counts.get(id) === waitingOn).map(({ id }) => id)
}

function judgedByOutput(open: readonly OpenDependency[], ended: Ends): string[] {
  const asked = open.filter(({ kind }) => kind === 'CONDITIONAL').map(({ dependsOnId }) => dependsOnId)
  return [...new Set(asked)].filter((id) => ended.get(id)?.status === 'COMPLETED')
}
