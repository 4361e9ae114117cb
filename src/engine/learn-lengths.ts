import { learnRunTimes } from '../task/store/run-times.ts'
import type { Engine } from './engine.ts'

/**
 * Learns how long tasks of each type run, for strategies that ask. Call it about every `windowMs`; called more often, or by
 * several schedulers, it only learns faster.
 */
export async function learnLengths({ db }: Pick<Engine, 'db'>, windowMs: number): Promise<void> {
  await learnRunTimes(db, windowMs)
}
