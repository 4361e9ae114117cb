import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'

const LOOK_MS = 100

/** Waits until no run is under way. @returns when the last ended, by the database's clock */
export async function untilEnded(db: Pool): Promise<Date> {
  for (;;) {
    const { rows } = await db.query<{ status: string; count: number; last: Date }>(
      'SELECT status, count(*)::int AS count, max(finished_at) AS last FROM workflow_run GROUP BY status',
    )
    const bad = rows.find(({ status }) => status === 'FAILED' || status === 'CANCELLED')
    if (bad !== undefined) throw new Error(`${bad.count} runs are ${bad.status}`)
    const [done] = rows
    if (rows.length === 1 && done!.status === 'COMPLETED') return done!.last
    await delay(LOOK_MS)
  }
}
