import type { ClientBase } from 'pg'
import type { JsonValue } from '../task/json.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { answerIdempotencyKey, takeIdempotencyKey } from '../task/store/idempotency.ts'
import { newUuid } from '../task/type-id.ts'
import { findVersions, versionKey } from '../workflow/store/workflows.ts'
import { ringBells } from './apply.ts'
import { type Begun, beginRun } from './begin-run.ts'
import type { Actor } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey, RollBack, refusalOf } from './idempotency.ts'
import type { RunEngine, RunTools } from './run-tools.ts'
import { ringRuns } from './step-runs.ts'
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

type Outcome = { readonly refusal: Refusal } | (RunStarted & Begun)

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
  const outcome = await transact(engine, (client) => start(client, engine.runs, actor, runId, input)).catch(refusalOf)
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
  const begun = await beginRun(client, tools, actor, { runId, version: found, plan, input: value, trigger }, found.now)
  return { runId, isReplay: false, ...begun }
}
