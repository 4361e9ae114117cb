import type { ClientBase } from 'pg'
import { type Evaluation, problemText } from '../expression/expression-language.ts'
import type { JsonValue } from '../task/json.ts'
import { canonicalJson } from '../task/json-text.ts'
import { accepted, type InputIssue, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { answerIdempotencyKey, takeIdempotencyKey } from '../task/store/idempotency.ts'
import { newUuid } from '../task/type-id.ts'
import type { WorkflowDefinition } from '../workflow/definition/definition.ts'
import { textParts } from '../workflow/definition/text-parts.ts'
import { newRun } from '../workflow/run/new-run.ts'
import { tellRuns } from '../workflow/store/inbox.ts'
import { insertRuns, type LockedRun } from '../workflow/store/runs.ts'
import { findVersions, type RunnableVersion, versionKey } from '../workflow/store/workflows.ts'
import { ringBells } from './apply.ts'
import type { Actor } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey, RollBack } from './idempotency.ts'
import type { RunEngine, RunTools } from './run-tools.ts'
import { type TurnTaken, takeTurn } from './run-turns.ts'
import { type RunsStepped, ringRuns, stepRuns } from './step-runs.ts'
import { transact } from './transact.ts'

export interface StartRun {
  /** Name of the workflow. */
  readonly workflow: string
  /** Default: the newest that is READY. */
  readonly version?: number
  /** Default: an empty object. */
  readonly input?: JsonValue
  /** The same key with the same request answers with the run that was started the first time. */
  readonly idempotencyKey?: string
  /** What starts it, where that is no person: a schedule, an event. */
  readonly trigger?: JsonValue
}

export interface RunStarted {
  /** uuid */
  readonly runId: string
  /** True when the idempotency key had been used: nothing new was started. */
  readonly isReplay: boolean
}

type Outcome =
  | { readonly refusal: Refusal }
  | (RunStarted & { readonly stepped: RunsStepped | null; readonly hasNews: boolean })

/**
 * Starts a run of a workflow, and its first steps, in one transaction.
 *
 * Where the workflow bounds how many runs there are at a time, the run waits as PENDING until it has its turn, is refused, or has the oldest
 * make room for it, as the definition says.
 */
export async function startRun(engine: RunEngine, actor: Actor, input: StartRun): Promise<Result<RunStarted>> {
  const issues = checkIdempotencyKey(input.idempotencyKey)
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const runId = newUuid()
  const outcome = await transact(engine, (client) => start(client, engine.runs, actor, runId, input)).catch(
    (error: unknown): Outcome => {
      if (error instanceof RollBack) return { refusal: error.refusal }
      throw error
    },
  )
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  if (outcome.stepped !== null) ringBells(engine, outcome.stepped.applied)
  ringRuns(engine, { hasMore: outcome.hasNews })
  return accepted({ runId: outcome.runId, isReplay: outcome.isReplay })
}

async function start(
  client: ClientBase,
  tools: RunTools,
  actor: Actor,
  runId: string,
  input: StartRun,
): Promise<Outcome> {
  const { tenant } = actor
  const { workflow, version = null, idempotencyKey, input: value = {}, trigger = null } = input
  if (idempotencyKey !== undefined) {
    const call = { tenant, verb: 'executeWorkflow', key: idempotencyKey }
    const body = { workflow, version, input: value }
    const answer = await takeIdempotencyKey(client, { ...call, bodyHash: bodyHashOf(body) }, [runId])
    if (answer.kind === 'repeated') {
      const { taskIds, isSameBody } = answer
      if (!isSameBody) {
        return { refusal: { code: 'IDEMPOTENCY_CONFLICT', key: idempotencyKey, taskIds: [], runId: taskIds[0]! } }
      }
      return { runId: taskIds[0]!, isReplay: true, stepped: null, hasNews: false }
    }
    await answerIdempotencyKey(client, call, [runId])
  }
  const [found] = await findVersions(client, tenant, [{ name: workflow, version }])
  if (found == null || found.status === 'DRAFT') throw new RollBack({ code: 'UNKNOWN_WORKFLOW', workflow, version })
  const plan = (await tools.plansOf(client, tenant, [found])).get(versionKey(found))!
  const issues = checkInput(tools, plan.definition, value)
  if (issues.length > 0) throw new RollBack({ code: 'VALIDATION', issues })
  const turn = await turnOf(client, tools, tenant, found, plan.definition, value)
  const { concurrencyKey, taken } = turn
  const hasTurn = taken === null || taken.kind === 'STARTS'
  const { workflowId, name, number, now } = found
  const row = newRun({ id: runId, workflow: name, version: number })
  const run: LockedRun = { tenant, row: { ...row, input: value }, workflowId, parent: null, concurrencyKey }
  await insertRuns(client, [
    { ...run, input: value, forkedFromId: null, hasTurn, trigger, createdAt: now, createdBy: actor.name },
  ])
  if (taken?.kind === 'WAITS') await tellRuns(client, tenant, taken.messages)
  if (!hasTurn) return { runId, isReplay: false, stepped: null, hasNews: true }
  const stepped = await stepRuns(client, tools, actor, [{ run, commands: [{ kind: 'start' }] }], now)
  return { runId, isReplay: false, stepped, hasNews: stepped.hasMore }
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
  { workflowId, name }: RunnableVersion,
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
