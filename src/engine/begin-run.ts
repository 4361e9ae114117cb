import type { ClientBase } from 'pg'
import { type Evaluation, problemText } from '../expression/expression-language.ts'
import type { JsonValue } from '../task/json.ts'
import { canonicalJson } from '../task/json-text.ts'
import type { InputIssue } from '../task/refusal.ts'
import type { WorkflowDefinition } from '../workflow/definition/definition.ts'
import { textParts } from '../workflow/definition/text-parts.ts'
import { newRun } from '../workflow/run/new-run.ts'
import type { Plan } from '../workflow/run/plan.ts'
import type { RunRow } from '../workflow/run/run-state.ts'
import { tellRuns } from '../workflow/store/inbox.ts'
import { insertRuns, type LockedRun } from '../workflow/store/runs.ts'
import type { RunnableVersion } from '../workflow/store/workflows.ts'
import type { Actor } from './engine.ts'
import { RollBack } from './idempotency.ts'
import type { RunTools } from './run-tools.ts'
import { type TurnTaken, takeTurn } from './run-turns.ts'
import { type RunsStepped, stepRuns } from './step-runs.ts'

/** A run that is about to be. */
export interface RunToBegin {
  /** uuid */
  readonly runId: string
  readonly version: Pick<RunnableVersion, 'workflowId' | 'name' | 'number'>
  readonly plan: Plan
  readonly input: JsonValue
  readonly trigger?: JsonValue | null
  /** Of a fork: the run that it takes over from, its own row, and what writes the steps that it begins with. */
  readonly fork?: { readonly fromId: string; readonly row: RunRow; readonly write: () => Promise<void> }
}

/** A run that was made. */
export interface Begun {
  /** null: it waits for its turn. */
  readonly stepped: RunsStepped | null
  /** Whether to ring `runs`. */
  readonly hasNews: boolean
}

/**
 * Makes a run and does its first steps; where the workflow bounds its runs, it waits for its turn.
 *
 * @throws RollBack when the input does not fit, or there is no room and the workflow says to refuse
 */
export async function beginRun(
  client: ClientBase,
  tools: RunTools,
  actor: Actor,
  { runId, version, plan, input, trigger = null, fork }: RunToBegin,
  now: Date,
): Promise<Begun> {
  const { tenant } = actor
  const { workflowId, name, number } = version
  const issues = checkInput(tools, plan.definition, input)
  if (issues.length > 0) throw new RollBack({ code: 'VALIDATION', issues })
  const { concurrencyKey, taken } = await turnOf(client, tools, tenant, version, plan.definition, input)
  const hasTurn = taken === null || taken.kind === 'STARTS'
  const row = fork?.row ?? newRun({ id: runId, workflow: name, version: number })
  const run: LockedRun = { tenant, row: { ...row, input }, workflowId, parent: null, concurrencyKey }
  const forkedFromId = fork?.fromId ?? null
  await insertRuns(client, [{ ...run, input, forkedFromId, hasTurn, trigger, createdAt: now, createdBy: actor.name }])
  await fork?.write()
  if (taken?.kind === 'WAITS') await tellRuns(client, tenant, taken.messages)
  if (!hasTurn) return { stepped: null, hasNews: true }
  const stepped = await stepRuns(client, tools, actor, [{ run, commands: [{ kind: 'start' }] }], now)
  return { stepped, hasNews: stepped.hasMore }
}

/** What is wrong with the input by the definition's schema. */
function checkInput({ schemas }: RunTools, { input: schema }: WorkflowDefinition, value: JsonValue): InputIssue[] {
  if (schema === undefined || schema === true) return []
  return schemas.problems(canonicalJson(schema === false ? { not: {} } : schema), value, ['input'])
}

/** Whether it has its turn, where the workflow bounds its runs. */
async function turnOf(
  client: ClientBase,
  { context: { language } }: RunTools,
  tenant: string,
  { workflowId, name }: RunToBegin['version'],
  { limits }: WorkflowDefinition,
  input: JsonValue,
): Promise<{ readonly concurrencyKey: string | null; readonly taken: TurnTaken | null }> {
  const bound = limits?.concurrency
  if (bound === undefined) return { concurrencyKey: null, taken: null }
  const key = keyOf(language, bound.key, input)
  const taken = await takeTurn(client, tenant, { workflowId, key }, bound)
  if (taken.kind === 'REFUSED') throw new RollBack({ code: 'RUNS_FULL', workflow: name, key, limit: bound.limit })
  return { concurrencyKey: key, taken }
}

const MOST_KEY_CHARACTERS = 500

function keyOf({ evaluate }: RunTools['context']['language'], text: string | undefined, input: JsonValue): string {
  if (text === undefined) return ''
  const key = textParts(text)
    .map((part) => (typeof part === 'string' ? part : partOf(evaluate(part.expression, { input }))))
    .join('')
  if (key.length <= MOST_KEY_CHARACTERS) return key
  throw invalidKey(`gives ${key.length} characters for this input; ${MOST_KEY_CHARACTERS} at most`)
}

function partOf(answer: Evaluation<JsonValue>): string {
  if (!answer.ok) throw invalidKey(`cannot be evaluated over this input: ${problemText(answer.problem)}`)
  return typeof answer.value === 'string' ? answer.value : JSON.stringify(answer.value)
}

function invalidKey(message: string): RollBack {
  return new RollBack({ code: 'VALIDATION', issues: [{ path: ['limits', 'concurrency', 'key'], message }] })
}
