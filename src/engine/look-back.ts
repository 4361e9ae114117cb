import type { ClientBase } from 'pg'
import { type Evaluation, type ExpressionProblem, problemText } from '../expression/expression-language.ts'
import { insertLogLines, type LogRow } from '../task/store/append-log.ts'
import type { TaskState } from '../task/task-state.ts'
import { encodeTypeId, ID_PREFIXES } from '../task/type-id.ts'
import { holdsFor } from '../wait/condition.ts'
import { lockKeys } from '../wait/store/lock-keys.ts'
import { type EarlierEvent, EVENTS_AT_ONCE, type LookBack, readEarlierEvents } from '../wait/store/look-back.ts'
import type { EndAttempt } from './attempt-end.ts'

/** Locks the keys of ends that are parked for events that may have come before: senders of these wait until the park has committed. */
export async function lockKeysToLookBack(
  client: ClientBase,
  tenant: string,
  ends: readonly EndAttempt[],
): Promise<void> {
  const keys = ends.flatMap((end) => lookOf(end)?.key ?? [])
  if (keys.length > 0) await lockKeys(client, tenant, keys)
}

/**
 * The uuids of the events that parked tasks would wait for and that have come before, the earliest for each that it has not taken
 * yet and that its condition holds for. One that a condition cannot be judged on is passed by; the task's log tells of the first.
 *
 * @param tasks under their locks, by id; the keys are locked by {@link lockKeysToLookBack}
 */
export async function findEarlierAnswers(
  client: ClientBase,
  tenant: string,
  tasks: ReadonlyMap<string, TaskState>,
  ends: readonly EndAttempt[],
): Promise<ReadonlyMap<EndAttempt, string>> {
  const found = new Map<EndAttempt, string>()
  const told = new Map<EndAttempt, LogRow>()
  let open = ends.flatMap((end) => {
    const look = tasks.get(end.taskId)?.epoch === end.epoch ? lookOf(end) : null
    return look === null ? [] : [{ end, look }]
  })
  while (open.length > 0) {
    const events = await readEarlierEvents(
      client,
      tenant,
      open.map(({ look }) => look),
    )
    const eventsOf = Map.groupBy(events, ({ place }) => place)
    open = open.flatMap(({ end, look }, place) => {
      const list = eventsOf.get(place) ?? []
      const answer = list.find((event) => {
        const holds = judge(end, event)
        if (!holds.ok && !told.has(end)) told.set(end, lineOf(tasks.get(end.taskId)!, event, holds.problem))
        return holds.ok && holds.value
      })
      if (answer !== undefined) found.set(end, answer.id)
      const isOver = answer !== undefined || list.length < EVENTS_AT_ONCE
      return isOver ? [] : [{ end, look: { ...look, after: list.at(-1)! } }]
    })
  }
  await insertLogLines(client, [...told.values()])
  return found
}

function lookOf({ taskId, end }: EndAttempt): LookBack | null {
  if (end.kind !== 'park') return null
  const { waitKey, lookBackMs = 0, condition } = end.park
  if (waitKey === null || lookBackMs <= 0) return null
  return { taskId, key: waitKey, lookBackMs, hasCondition: condition !== undefined, after: null }
}

function judge({ end }: EndAttempt, { payload, sender }: EarlierEvent): Evaluation<boolean> {
  if (end.kind !== 'park' || end.park.waitKey === null) return { ok: true, value: false }
  const { condition, waitKey } = end.park
  return condition === undefined ? { ok: true, value: true } : holdsFor(condition, { key: waitKey, payload, sender })
}

function lineOf({ tenant, id, attempt }: TaskState, event: EarlierEvent, problem: ExpressionProblem): LogRow {
  const eventId = encodeTypeId(ID_PREFIXES.receivedEvent, event.id)
  const message = `The condition on the event ${eventId} cannot be judged: ${problemText(problem)}. It is passed by.`
  return { tenant, taskId: id, attempt, level: 'warn', message, fields: null }
}
