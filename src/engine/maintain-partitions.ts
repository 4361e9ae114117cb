import type { Engine } from './engine.ts'

/** Days for which partitions stand ready: a process that is away this long finds the log as it left it. */
const DAYS_AHEAD = 7

/** Makes the partitions of the coming days. */
export async function maintainPartitions(
  { db }: Pick<Engine, 'db'>,
  _rule: { eventRetentionDays: number },
): Promise<void> {
  for (const parent of ['event', 'task_log']) {
    await db.query(`SELECT ensure_day_partitions($1, (now() AT TIME ZONE 'UTC')::date, $2)`, [parent, DAYS_AHEAD])
  }
}
