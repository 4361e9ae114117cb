import type { Task } from '../../infra/generated/prisma/client.ts'
import { hasPreferences, takesRoom } from '../../task/placement.ts'
import { type Amounts, lessened } from '../../task/resources.ts'
import { keyOfPlace, type Place } from '../../worker/store/served-places.ts'
import type { GraphContext } from '../context.ts'
import { loadUsage } from '../worker/load-usage.ts'
import type { Room } from './room-blockers.ts'

/** Workers that are looked at for one kind of task. */
const MOST_WORKERS = 200

interface RoomRow extends Place {
  readonly asked: Amounts | null
  readonly graceMs: number | null
  readonly id: string
  readonly name: string
  readonly capacity: Amounts
  readonly score: number
}

/**
 * What READY tasks find that take room of their worker or would rather have some, by {@link keyOfPlace}; without those that no
 * worker serves. Two statements for all of them, none when there are no such tasks. Relies on placement_pkey, worker_alive_idx.
 */
export async function loadRoom(
  context: Pick<GraphContext, 'db' | 'tenant'>,
  tasks: readonly Pick<Task, 'status' | 'queue' | 'typeName' | 'placement'>[],
): Promise<ReadonlyMap<string, Room>> {
  const choosy = tasks.filter(
    ({ status, placement }) => status === 'READY' && (takesRoom(placement) || hasPreferences(placement)),
  )
  const places = [
    ...new Map(
      choosy.map(({ queue, typeName, placement }) => {
        const place = { queue, type: typeName, placement }
        return [keyOfPlace(place), place]
      }),
    ).values(),
  ]
  if (places.length === 0) return new Map()
  const { rows } = await context.db.query<RoomRow>(
    `SELECT wanted.queue, wanted.type, wanted.key AS placement, p.resources AS asked, (p.preferences ->> 'graceMs')::float8 AS "graceMs",
       w.id, w.name, w.resources AS capacity, w.score
     FROM unnest($2::text[], $3::text[], $4::text[]) AS wanted (queue, type, key)
     JOIN placement AS p ON p.tenant = $1 AND p.key = wanted.key
     CROSS JOIN LATERAL (
       SELECT w.id, w.name, w.resources, coalesce(preference_score(w.labels, p.preferences), 0) AS score FROM worker AS w
       WHERE w.tenant = $1 AND w.state IN ('ACTIVE', 'DRAINING') AND may_claim(w) AND wanted.queue = ANY(w.queues) AND wanted.type = ANY(w.types)
         AND meets_requirements(w.labels, p.requirements) LIMIT ${MOST_WORKERS}
     ) AS w`,
    [
      context.tenant,
      places.map(({ queue }) => queue),
      places.map(({ type }) => type),
      places.map(({ placement }) => placement),
    ],
  )
  const ids = [...new Set(rows.map(({ id }) => id))]
  const taken = new Map(await Promise.all(ids.map(async (id) => [id, await loadUsage(context, id)] as const)))
  const rooms = new Map<string, { asked: Amounts | null; graceMs: number | null; workers: Room['workers'][number][] }>()
  for (const row of rows) {
    const { asked, graceMs, id, name, capacity, score } = row
    const room = rooms.get(keyOfPlace(row)) ?? { asked, graceMs, workers: [] }
    room.workers.push({ id, name, capacity, free: lessened(capacity, taken.get(id)!), score })
    rooms.set(keyOfPlace(row), room)
  }
  return rooms
}
