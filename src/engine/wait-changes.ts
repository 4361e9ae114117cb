import type { ClientBase } from 'pg'
import { isFinished } from '../task/status.ts'
import { newUuid } from '../task/type-id.ts'
import { type EndedWaits, endWaits, insertWaits, type NewWait } from '../wait/store/waits.ts'
import type { WaitOutcome } from '../wait/wait.ts'
import type { Decision } from './decision.ts'

/**
 * Opens and ends the waits that decisions open and end: the one place where they are written, so that a task waits for an event
 * exactly when its row says so, whatever moved it.
 *
 * @param decisions of one tenant, under the locks of their tasks
 */
export async function writeWaits(
  client: ClientBase,
  tenant: string,
  decisions: readonly Decision[],
  now: Date,
): Promise<void> {
  const opened = decisions.flatMap(openedBy)
  const ended = endedBy(decisions)
  await Promise.all([
    insertWaits(client, tenant, opened, now),
    ...ended.map((waits) => endWaits(client, tenant, waits, now)),
  ])
}

function openedBy({ before, park }: Decision): NewWait[] {
  if (park === undefined || park.waitKey === null) return []
  const { waitKey, condition = null, answeredBy = null } = park
  return [{ id: newUuid(), key: waitKey, condition, taskId: before.id, epoch: before.epoch, answeredBy }]
}

function endedBy(decisions: readonly Decision[]): EndedWaits[] {
  const groups = new Map<string, { taskIds: string[]; outcome: WaitOutcome; eventId: string | null }>()
  for (const { before, transition, signalledBy = null } of decisions) {
    if (before.waitKey === null || transition.state.waitKey !== null) continue
    const outcome = outcomeOf(transition.state.status, signalledBy)
    const name = signalledBy ?? outcome
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { taskIds: [before.id], outcome, eventId: signalledBy })
    else group.taskIds.push(before.id)
  }
  return [...groups.values()]
}

function outcomeOf(status: Decision['transition']['state']['status'], eventId: string | null): WaitOutcome {
  if (eventId !== null) return 'ANSWERED'
  return isFinished(status) ? 'CANCELLED' : 'TIMED_OUT'
}
