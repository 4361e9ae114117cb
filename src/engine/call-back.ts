import type { JsonValue } from '../task/json.ts'
import { lockAwaitingStep } from '../workflow/store/callbacks.ts'
import { tellRuns } from '../workflow/store/inbox.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

export interface CallBack {
  readonly tenant: string
  /** uuid of what the step awaits. */
  readonly awaitedId: string
  /** JSON that can be stored; becomes the step's output. */
  readonly body: JsonValue
}

/**
 * Takes the call-back that a WEBHOOK awaits, once.
 *
 * @returns false when nothing awaits it any more: it was called before, or its step or run is over
 */
export async function callBack(engine: Engine, { tenant, awaitedId, body }: CallBack): Promise<boolean> {
  const isTaken = await transact(engine, async (client) => {
    const step = await lockAwaitingStep(client, tenant, awaitedId)
    if (step === null) return false
    const { runId, path } = step
    await tellRuns(client, tenant, [{ runId, command: { kind: 'callback', path, id: awaitedId, body } }])
    return true
  })
  if (isTaken) engine.channel.publish('runs')
  return isTaken
}
