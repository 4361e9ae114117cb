import type { ClientBase, Pool } from 'pg'

/** Queues and types that live workers serve, as {@link keyOfPlace} names them without a placement. Index: worker_alive_idx. */
export async function readServedTypes(db: Pool, tenant: string): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ queue: string; type: string }>(
    `SELECT DISTINCT q.queue, s.type FROM worker AS w, unnest(w.queues) AS q(queue), unnest(w.types) AS s(type)
    WHERE w.tenant = $1 AND w.state = 'ACTIVE' AND w.heartbeat_at > now() - w.lease_ms * interval '1 millisecond'`,
    [tenant],
  )
  return new Set(rows.map((row) => keyOfPlace({ ...row, placement: '' })))
}

/** Where tasks may run: their queue and type, and the key of what they ask of their workers, '' for any. */
export interface Place {
  readonly queue: string
  readonly type: string
  readonly placement: string
}

/** Names a place among others. */
export function keyOfPlace({ queue, type, placement }: Place): string {
  return `${queue}/${type} ${placement}`
}

/** Which places live workers serve, as {@link keyOfPlace} names them. Index: worker_alive_idx. */
export async function readServedPlaces(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  places: readonly Place[],
): Promise<ReadonlySet<string>> {
  const wanted = [...new Map(places.map((place) => [keyOfPlace(place), place])).values()]
  if (wanted.length === 0) return new Set()
  const { rows } = await client.query<Place>(
    `SELECT DISTINCT wanted.queue, wanted.type, wanted.placement
     FROM unnest($2::text[], $3::text[], $4::text[]) AS wanted (queue, type, placement)
     JOIN worker AS w ON w.tenant = $1 AND w.state = 'ACTIVE' AND w.heartbeat_at > now() - w.lease_ms * interval '1 millisecond'
       AND wanted.queue = ANY(w.queues) AND wanted.type = ANY(w.types)
     LEFT JOIN placement AS p ON p.tenant = $1 AND p.key = wanted.placement
     WHERE wanted.placement = '' OR meets_requirements(w.labels, p.requirements)`,
    [
      tenant,
      wanted.map(({ queue }) => queue),
      wanted.map(({ type }) => type),
      wanted.map(({ placement }) => placement),
    ],
  )
  return new Set(rows.map(keyOfPlace))
}
