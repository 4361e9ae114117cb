import { createHash } from 'node:crypto'

/**
 * How long after its due time a fire acts: the same for the same schedule and due time, whoever asks, and spread evenly.
 *
 * @returns whole milliseconds, 0 to below `jitterMs`
 */
export function jitterOf(scheduleId: string, dueMs: number, jitterMs: number): number {
  if (jitterMs <= 0) return 0
  const digest = createHash('sha256').update(`${scheduleId} ${dueMs}`).digest()
  return Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * jitterMs)
}
