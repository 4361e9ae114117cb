import type { ClientBase } from 'pg'
import { type Evaluation, problemText } from '../expression/expression-language.ts'
import type { JsonValue } from '../task/json.ts'
import { canonicalJson } from '../task/json-text.ts'
import type { InputIssue, Refusal } from '../task/refusal.ts'
import type { WorkflowDefinition } from '../workflow/definition/definition.ts'
import { textParts } from '../workflow/definition/text-parts.ts'
import { newRun } from '../workflow/run/new-run.ts'
import { type Message, tellRuns } from '../workflow/store/inbox.ts'
import { insertRuns, type NewRun } from '../workflow/store/runs.ts'
import { findVersions, type RunnableVersion, versionKey } from '../workflow/store/workflows.ts'
import type { Actor } from './engine.ts'
import type { RunTools } from './run-tools.ts'
import { type TurnTaken, takeTurns, type WantedTurn } from './run-turns.ts'

/** A run that is asked for. */
export interface AskedRun {
  /** uuid that it will have */
  readonly id: string
  /** Name of the workflow. */
  readonly workflow: string
  /** null: the newest that is READY. */
  readonly version: number | null
  readonly input: JsonValue
  /** What starts it, where that is no person. */
  readonly trigger: JsonValue | null
  readonly origin?: NewRun['origin']
}

/** A run that may be made, as far as can be said without its turn. */
export interface PlannedRun {
  readonly asked: AskedRun
  readonly version: RunnableVersion
  /** Where the workflow bounds how many runs there are at a time. */
  readonly turn: WantedTurn | null
}

export type RunPlan = { readonly run: PlannedRun } | { readonly refusal: Refusal }

/** Plans runs of one tenant, in the order asked for: the workflow is there and takes the input. Nothing is written. */
export async function planRuns(
  client: ClientBase,
  tools: RunTools,
  tenant: string,
  asked: readonly AskedRun[],
): Promise<RunPlan[]> {
  if (asked.length === 0) return []
  const versions = await findVersions(
    client,
    tenant,
    asked.map(({ workflow, version }) => ({ name: workflow, version })),
  )
  const runnable = versions.flatMap((found) => (found === null || found.status === 'DRAFT' ? [] : [found]))
  const plans = await tools.plansOf(client, tenant, runnable)
  return asked.map((one, place): RunPlan => {
    const version = versions[place]
    const plan = version == null ? undefined : plans.get(versionKey(version))
    if (version == null || plan === undefined) {
      return { refusal: { code: 'UNKNOWN_WORKFLOW', workflow: one.workflow, version: one.version } }
    }
    const issues = checkRunInput(tools, plan.definition, one.input)
    if (issues.length > 0) return { refusal: { code: 'VALIDATION', issues } }
    const turn = wantedTurnOf(tools, version, plan.definition, one.input)
    return 'refusal' in turn ? turn : { run: { asked: one, version, turn: turn.turn } }
  })
}

/** What is wrong with the input by the definition's schema. */
export function checkRunInput(
  { schemas }: RunTools,
  { input: schema }: WorkflowDefinition,
  value: JsonValue,
): InputIssue[] {
  if (schema === undefined || schema === true) return []
  return schemas.problems(canonicalJson(schema === false ? { not: {} } : schema), value, ['input'])
}

const MOST_KEY_CHARACTERS = 500

/** What the run asks of the limit that the workflow puts on its runs, if it does; a key that cannot be made is refused. */
export function wantedTurnOf(
  { context: { language } }: RunTools,
  { workflowId }: Pick<RunnableVersion, 'workflowId'>,
  { limits, context = {} }: WorkflowDefinition,
  input: JsonValue,
): { readonly turn: WantedTurn | null } | { readonly refusal: Refusal } {
  const bound = limits?.concurrency
  if (bound === undefined) return { turn: null }
  const { limit, whenFull = 'WAIT' } = bound
  const parts: string[] = []
  for (const part of bound.key === undefined ? [] : textParts(bound.key)) {
    const answer: Evaluation<JsonValue> =
      typeof part === 'string' ? { ok: true, value: part } : language.evaluate(part.expression, { input, context })
    if (!answer.ok) return invalidKey(`cannot be evaluated over this input: ${problemText(answer.problem)}`)
    parts.push(typeof answer.value === 'string' ? answer.value : JSON.stringify(answer.value))
  }
  const key = parts.join('')
  if (key.length <= MOST_KEY_CHARACTERS) return { turn: { workflowId, key, limit, whenFull } }
  return invalidKey(`gives ${key.length} characters for this input; ${MOST_KEY_CHARACTERS} at most`)
}

function invalidKey(message: string): { readonly refusal: Refusal } {
  return { refusal: { code: 'VALIDATION', issues: [{ path: ['limits', 'concurrency', 'key'], message }] } }
}

/** A planned run with what its turn has come to; null where nothing bounds it. */
export interface TurnedRun {
  readonly run: PlannedRun
  readonly taken: Exclude<TurnTaken, { kind: 'REFUSED' }> | null
}

/**
 * Takes the turns of planned runs, in their order; those that are to be refused for want of room are. What is planned must be made by the
 * same transaction, or it holds a turn up. Locks: the turns, by advisory locks in one order.
 */
export async function takeTurnsOf(
  client: ClientBase,
  tenant: string,
  runs: readonly PlannedRun[],
): Promise<(TurnedRun | { readonly refusal: Refusal })[]> {
  const bound = runs.flatMap(({ turn, asked }) => (turn === null ? [] : [{ ...turn, runId: asked.id }]))
  const taken = (await takeTurns(client, tenant, bound)).values()
  return runs.map((run) => {
    if (run.turn === null) return { run, taken: null }
    const turn = taken.next().value!
    if (turn.kind !== 'REFUSED') return { run, taken: turn }
    const { key, limit } = run.turn
    return { refusal: { code: 'RUNS_FULL', workflow: run.version.name, key, limit } }
  })
}

/** Makes planned runs, which those that step runs start: ring `runs` after the commit. */
export async function insertTurned(
  client: ClientBase,
  { tenant, name: createdBy }: Actor,
  turned: readonly TurnedRun[],
  now: Date,
): Promise<void> {
  if (turned.length === 0) return
  const rows = turned.map(({ run: { asked, version, turn }, taken }): NewRun => {
    const { id, input, trigger, origin } = asked
    const { workflowId, name, number } = version
    return {
      tenant,
      row: newRun({ id, workflow: name, version: number }),
      workflowId,
      input,
      parent: null,
      forkedFromId: null,
      concurrencyKey: turn?.key ?? null,
      hasTurn: taken === null || taken.kind === 'STARTS',
      trigger,
      ...(origin !== undefined && { origin }),
      createdAt: now,
      createdBy,
    }
  })
  await insertRuns(client, rows)
  const messages = turned.flatMap(({ run, taken }): readonly Message[] =>
    taken?.kind === 'WAITS' ? taken.messages : [{ runId: run.asked.id, command: { kind: 'start' } }],
  )
  await tellRuns(client, tenant, messages)
}
