import { goOnAnswering, ringAnswered } from './answer-waits.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

/**
 * Goes on with events that have more waits than one transaction answers and whose sender has died, until none is left. Any number of
 * processes may do so at once.
 *
 * @returns how many transactions there were
 */
export async function answerRest(engine: Engine): Promise<number> {
  for (let batches = 0; ; batches++) {
    const answered = await transact(engine, (client) => goOnAnswering(client, null))
    if (answered === null) return batches
    ringAnswered(engine, answered)
  }
}
