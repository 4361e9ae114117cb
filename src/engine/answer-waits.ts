import type { ClientBase } from 'pg'
import type { JsonValue } from '../task/json.ts'
import { insertLogLines } from '../task/store/append-log.ts'
import { lockTasks } from '../task/store/lock-tasks.ts'
import { transition } from '../task/transition.ts'
import { encodeTypeId, ID_PREFIXES } from '../task/type-id.ts'
import { type FailedCondition, matchWaits } from '../wait/match-waits.ts'
import { type EventResult, lockUnfinished, writeEventResult } from '../wait/store/received-events.ts'
import { readOpenWaits } from '../wait/store/waits.ts'
import type { OpenWait } from '../wait/wait.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import type { Decision } from './decision.ts'
import type { Engine } from './engine.ts'

/** Waits that one transaction looks at, so that none holds many tasks for more than about a second. */
const MOST_WAITS = 10_000
/** Conditions that could not be judged which are told in the answer; each is told in the log of its task. */
const MOST_TOLD = 20

export const NOTHING_YET: EventResult = { woken: 0, failedConditions: 0, conditionErrors: [], toldSteps: 0 }

/** An event whose waits are to be answered. */
export interface AnsweringEvent {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly key: string
  readonly payload: JsonValue
  readonly sender: string | null
  /** uuid of the last wait that was looked at; null at first. */
  readonly after: string | null
  /** Only waits that were open at this time; null: all that are open now. */
  readonly openSince: Date | null
  /** What has come of it so far. */
  readonly result: EventResult
}

export interface WaitsAnswered {
  readonly result: EventResult
  /** False when there are more waits than one transaction looks at: `goOnAnswering`. */
  readonly isOver: boolean
  readonly applied: Applied | null
  /** uuids of tasks whose logs have grown */
  readonly told: readonly string[]
}

/**
 * Answers the next open waits for an event, up to 10,000, and writes on the event what came of it.
 *
 * The waits are read and judged before any task is locked, and looked at again under the locks: of two events at once for one
 * wait, or of an event and whatever else ends the wait, the first that has the task's lock ends it.
 *
 * Locks: the tasks in the order of their ids; the caller holds the event's row.
 */
export async function answerWaits(client: ClientBase, event: AnsweringEvent): Promise<WaitsAnswered> {
  const { tenant, key, after, openSince } = event
  const waits = await readOpenWaits(client, tenant, { key, after, openSince, limit: MOST_WAITS })
  const isOver = waits.length < MOST_WAITS
  const { matching, failed } = await matchWaits(event, waits)
  await tell(client, event, failed)
  const { decisions, now } = await decide(client, event, matching)
  const result: EventResult = {
    ...event.result,
    woken: event.result.woken + decisions.length,
    failedConditions: event.result.failedConditions + failed.length,
    conditionErrors: [...event.result.conditionErrors, ...failed.map(toldOf)].slice(0, MOST_TOLD),
  }
  const hasNews = event.after !== null || !isOver || decisions.length > 0 || failed.length > 0
  if (hasNews) await writeEventResult(client, event, result, isOver ? null : waits.at(-1)!.id)
  const applied = decisions.length === 0 ? null : await applyDecisions(client, event.sender, now, decisions)
  return { result, isOver, applied, told: failed.map(({ wait }) => wait.taskId) }
}

/**
 * Goes on with an event that has more waits than one transaction looks at.
 *
 * @param of the event; null for any that is not finished
 * @returns null when there is none, or others have it
 */
export async function goOnAnswering(
  client: ClientBase,
  of: { readonly tenant: string; readonly id: string } | null,
): Promise<WaitsAnswered | null> {
  const event = await lockUnfinished(client, of)
  if (event === null) return null
  const { woken, failedConditions, conditionErrors, toldSteps, receivedAt, wokenUpTo, ...rest } = event
  const result = { woken, failedConditions, conditionErrors, toldSteps }
  return answerWaits(client, { ...rest, result, after: wokenUpTo, openSince: receivedAt })
}

/** Rings for a transaction of {@link answerWaits} that has committed. */
export function ringAnswered(engine: Pick<Engine, 'channel'>, { applied, told }: WaitsAnswered): void {
  if (applied !== null) ringBells(engine, applied)
  for (const taskId of told) engine.channel.publish(`log:${taskId}`)
}

async function decide(
  client: ClientBase,
  event: AnsweringEvent,
  waits: readonly OpenWait[],
): Promise<{ decisions: Decision[]; now: Date }> {
  if (waits.length === 0) return { decisions: [], now: new Date(0) }
  const taskIds = waits.map(({ taskId }) => taskId)
  const { tasks, now } = await lockTasks(client, event.tenant, taskIds)
  const decisions = waits.flatMap(({ taskId, epoch }): Decision[] => {
    const before = tasks.get(taskId)
    // Another ended the wait first; the task may wait anew since.
    if (before === undefined || before.epoch !== epoch) return []
    const decided = transition(before, { kind: 'signal', eventId: event.id }, now, 0)
    return decided.kind === 'moved' ? [{ before, transition: decided, signalledBy: event.id }] : []
  })
  return { decisions, now }
}

/** Says in the logs of the tasks that their conditions could not be judged. Index: task_pkey. */
async function tell(client: ClientBase, event: AnsweringEvent, failed: readonly FailedCondition[]): Promise<void> {
  if (failed.length === 0) return
  const { rows } = await client.query<{ id: string; attempt: number }>(
    'SELECT "id", "attempt" FROM "task" WHERE "tenant" = $1 AND "id" = ANY ($2::uuid[])',
    [event.tenant, failed.map(({ wait }) => wait.taskId)],
  )
  const attempts = new Map(rows.map(({ id, attempt }) => [id, attempt]))
  const id = encodeTypeId(ID_PREFIXES.receivedEvent, event.id)
  await insertLogLines(
    client,
    failed.flatMap(({ wait, problem }) => {
      const attempt = attempts.get(wait.taskId)
      if (attempt === undefined) return []
      const message = `The condition on the event ${id} cannot be judged: ${problem}. The task goes on waiting.`
      return [{ tenant: event.tenant, taskId: wait.taskId, attempt, level: 'warn' as const, message, fields: null }]
    }),
  )
}

function toldOf({ wait, problem }: FailedCondition): EventResult['conditionErrors'][number] {
  return { taskId: wait.taskId, condition: wait.condition ?? '', message: problem }
}
