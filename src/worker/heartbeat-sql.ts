/**
 * Renews a worker's lease, in the database's time. On its own, so that the heartbeat's thread loads nothing else.
 *
 * $1 tenant, $2 worker; answers with the state, or no row when the worker is unknown. A LOST or STOPPED worker stays so.
 */
export const HEARTBEAT = `UPDATE "worker" SET "heartbeat_at" = CASE WHEN "state" IN ('ACTIVE', 'DRAINING') THEN clock_timestamp() ELSE "heartbeat_at" END
  WHERE "tenant" = $1 AND "id" = $2 RETURNING "state"::text`
