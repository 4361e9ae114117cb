import type { Pool } from 'pg'
import { type CreateTrigger, createTrigger } from '../../src/engine/create-trigger.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { type EventSent, sendEvent } from '../../src/engine/send-event.ts'
import type { JsonValue } from '../../src/task/json.ts'
import type { WorkflowDefinition, WorkflowLimits } from '../../src/workflow/definition/definition.ts'
import { ACTOR, type TestEngine } from '../support/engine.ts'

/** Defines a workflow for triggers to start, whose input may have the number of an order. */
export async function defineShip(engine: TestEngine, name = 'ship', limits?: WorkflowLimits): Promise<void> {
  const definition: WorkflowDefinition = {
    name,
    input: { type: 'object', properties: { order: { type: 'number' } } },
    ...(limits && { limits }),
    steps: [{ id: 'a', type: 'TASK', task: 'work', input: { order: '${{ input.order }}' } }],
  }
  await createWorkflow(engine, ACTOR, { definition })
}

/** What a trigger starts of {@link defineShip}'s workflow. */
export const SHIP = { name: 'ship', input: { order: '${{ payload.id }}' } }

/** Makes a trigger or throws; answers with its uuid. */
export async function addTrigger(engine: TestEngine, asked: Partial<CreateTrigger> = {}): Promise<string> {
  const target = asked.workflow === undefined ? { task: { name: 'made', type: 'work' } } : {}
  const keys = asked.keyPrefix === undefined ? { key: 'order' } : {}
  const made = await createTrigger(engine, ACTOR, { name: 'on order', ...keys, ...target, ...asked })
  if (!made.ok) throw new Error(JSON.stringify(made.refusal))
  return made.value.triggerId
}

/** Sends an event or throws. */
export async function send(
  engine: TestEngine,
  key: string,
  payload: JsonValue = null,
  id?: string,
): Promise<EventSent> {
  const sent = await sendEvent(engine, ACTOR, { key, payload, ...(id !== undefined && { id }) })
  if (!sent.ok) throw new Error(JSON.stringify(sent.refusal))
  return sent.value
}

export interface FiringOfTrigger {
  readonly id: string
  readonly eventId: string | null
  readonly cause: string
  readonly status: string
  readonly reason: string | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly taskId: string | null
  readonly runId: string | null
  readonly firedAt: Date | null
}

/** The firings of a trigger, in the order of their events. */
export async function firingsOf(db: Pool, triggerId: string): Promise<FiringOfTrigger[]> {
  const { rows } = await db.query(
    `SELECT id, event_id AS "eventId", cause, status, reason, error, task_id AS "taskId", run_id AS "runId", fired_at AS "firedAt"
    FROM trigger_firing WHERE trigger_id = $1 ORDER BY id`,
    [triggerId],
  )
  return rows
}

/** As {@link firingsOf}, each in a word: how it ended, or why it started nothing. */
export async function outcomesOf(db: Pool, triggerId: string): Promise<string[]> {
  return (await firingsOf(db, triggerId)).map(({ status, reason, error }) => reason ?? error?.code ?? status)
}
