import DataLoader from 'dataloader'
import type { Task } from '../../infra/generated/prisma/client.ts'
import { readLimits } from '../../pool/store.ts'
import { readPauses } from '../../scheduling/store.ts'
import { isRateKey, type Limit } from '../../task/limits.ts'
import { readWaitConditions } from '../../wait/store/read-waits.ts'
import { keyOfPlace, type Place, readServedPlaces } from '../../worker/store/served-places.ts'
import type { GraphContext } from '../context.ts'
import { type BlockedTask, blockersOf, type Reason, type UnsettledDependency, withSince } from './blockers.ts'
import { loadRate } from './load-rates.ts'
import { loadRoom } from './load-room.ts'

/** What of a task's row says why it does not run. */
export type WaitingRow = Pick<
  Task,
  | 'id'
  | 'status'
  | 'typeName'
  | 'queue'
  | 'placement'
  | 'createdAt'
  | 'updatedAt'
  | 'readyAt'
  | 'wakeAt'
  | 'scheduledFor'
  | 'waitKey'
  | 'pausedFrom'
  | 'blockedOn'
> & { readonly limits: unknown }

const loaderOfContext = new WeakMap<GraphContext, DataLoader<WaitingRow, Reason[]>>()

/** Why a task does not run now: at most nine statements for all tasks that are asked about at once. */
export function loadBlockers(context: GraphContext, task: Task): Promise<Reason[]> {
  let loader = loaderOfContext.get(context)
  if (loader === undefined) {
    loader = new DataLoader((tasks) => readBlockers(context, tasks), { cache: false })
    loaderOfContext.set(context, loader)
  }
  return loader.load(task)
}

/** The same for tasks that were read already. */
export async function readBlockers(
  { db, tenant }: Pick<GraphContext, 'db' | 'tenant'>,
  tasks: readonly WaitingRow[],
): Promise<Reason[][]> {
  // Of its own: what others loaded before may have changed.
  const context = { db, tenant }
  const ready = tasks.filter(({ status }) => status === 'READY')
  const limits = [...new Set(ready.flatMap(({ blockedOn }) => blockedOn ?? []))].filter((key) => !isRateKey(key))
  const waiting = tasks.filter(({ status, waitKey }) => status === 'WAITING' && waitKey !== null)
  const [unsettled, served, pauses, capacities, rates, rooms, conditions] = await Promise.all([
    readUnsettled(context, tasks),
    readServedPlaces(db, tenant, ready.map(placeOf)),
    ready.length === 0 ? [] : readPauses(db, tenant),
    limits.length === 0 ? new Map<string, number>() : readLimits(db, tenant, limits),
    Promise.all(tasks.map(({ blockedOn }) => loadRate(context, blockedOn))),
    loadRoom(context, ready),
    readWaitConditions(
      db,
      tenant,
      waiting.map(({ id }) => id),
    ),
  ])
  const now = new Date()
  return tasks.map((row, index) => {
    const waitCondition = conditions.get(row.id) ?? null
    const task: BlockedTask = { ...row, type: row.typeName, slots: slotsOf(row), waitCondition }
    const place = keyOfPlace(placeOf(row))
    const blockers = blockersOf(task, {
      unsettled: unsettled.get(row.id) ?? [],
      isServed: served.has(place),
      pauses,
      capacityOf: (limit) => capacities.get(limit) ?? 0,
      rate: rates[index]!,
      room: rooms.get(place) ?? null,
      now,
    })
    return blockers.map((blocker) => withSince(blocker, task))
  })
}

function slotsOf({ limits, blockedOn }: WaitingRow): number {
  return (limits as readonly Limit[] | null)?.find(({ key }) => key === blockedOn)?.slots ?? 0
}

/** Input: tenant, uuids of tasks. Output: their dependencies still PENDING, at most 100 a task. Relies on the primary key. */
async function readUnsettled(
  { db, tenant }: Pick<GraphContext, 'db' | 'tenant'>,
  tasks: readonly WaitingRow[],
): Promise<ReadonlyMap<string, UnsettledDependency[]>> {
  const ids = tasks.filter(({ status }) => status === 'PENDING' || status === 'PAUSED').map(({ id }) => id)
  const found = new Map<string, UnsettledDependency[]>()
  if (ids.length === 0) return found
  const { rows } = await db.query<UnsettledDependency & { taskId: string }>(
    `SELECT d.task_id AS "taskId", d.depends_on_id AS "dependsOnId", d.kind
     FROM unnest($2::uuid[]) AS wanted (id)
     CROSS JOIN LATERAL (
       SELECT task_id, depends_on_id, kind FROM task_dependency
       WHERE tenant = $1 AND task_id = wanted.id AND state = 'PENDING' ORDER BY depends_on_id LIMIT 100
     ) AS d`,
    [tenant, ids],
  )
  for (const { taskId, dependsOnId, kind } of rows) {
    const list = found.get(taskId) ?? []
    list.push({ dependsOnId, kind })
    found.set(taskId, list)
  }
  return found
}

function placeOf({ queue, typeName, placement }: WaitingRow): Place {
  return { queue, type: typeName, placement }
}
