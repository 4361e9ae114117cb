import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { sendLast } from '../infra/with-transaction.ts'
import { checkNewTasks } from '../task/check-new-tasks.ts'
import { type PlannedTask, planTask } from '../task/plan-tasks.ts'
import type { InputIssue } from '../task/refusal.ts'
import { isFinished } from '../task/status.ts'
import { readTaskTypes, type TaskTypeRow } from '../task/store/task-types.ts'
import { transition } from '../task/transition.ts'
import type { End } from '../workflow/run/command.ts'
import type { Effect } from '../workflow/run/effect.ts'
import { newRun } from '../workflow/run/new-run.ts'
import type { StepError } from '../workflow/run/run-state.ts'
import { taskOfStep } from '../workflow/run/task-of-step.ts'
import { insertApprovals, settleApprovals } from '../workflow/store/approvals.ts'
import type { Message } from '../workflow/store/inbox.ts'
import { insertRuns, type LockedRun, type NewRun } from '../workflow/store/runs.ts'
import { closeStepWaits, openStepWaits } from '../workflow/store/step-waits.ts'
import { findVersions } from '../workflow/store/workflows.ts'
import { type Applied, applyDecisions, joinLimits, limitsToSettle } from './apply.ts'
import type { Decision } from './decision.ts'
import type { Actor } from './engine.ts'
import { lockCascade } from './lock-cascade.ts'
import { birthEvents, checkTaskInput, insertPlanned } from './make-tasks.ts'
import type { RunTools } from './run-tools.ts'
import { freeTurns } from './run-turns.ts'
import { rowAt, type SteppedRun } from './stepped-run.ts'

/** What carrying out has come to. */
export interface CarriedOut {
  readonly applied: Applied
  /** For the caller to append, after all locks are taken. */
  readonly events: readonly NewEvent[]
  /** For the inboxes of runs. */
  readonly messages: readonly Message[]
}

/** An effect, and whose it is. */
interface Wanted<Kind extends Effect['kind']> {
  readonly run: SteppedRun
  readonly effect: Extract<Effect, { kind: Kind }>
}

/** Types of tasks that were read, under their locks; those that there are not are missing in `types`. */
export interface KnownTypes {
  readonly names: ReadonlySet<string>
  readonly types: ReadonlyMap<string, TaskTypeRow>
}

/** Locks: the types FOR KEY SHARE. */
export async function readTypes(client: ClientBase, tenant: string, names: readonly string[]): Promise<KnownTypes> {
  if (names.length === 0) return { names: new Set(), types: new Map() }
  const { types } = await readTaskTypes(client, tenant, names)
  return { names: new Set(names), types }
}

/**
 * Carries out what the steps of runs of one tenant have decided, each kind with statements whose number does not grow. What decides nothing
 * more is only sent, and travels with the COMMIT.
 *
 * What cannot be done (a task whose input does not fit its type, a workflow that is not there) fails its step, which learns it as the end of
 * what it asked for. Locks: the tasks that are cancelled, with their parts, by id.
 *
 * @param given.types the types of tasks that were read before; others are read
 */
export async function carryOut(
  client: ClientBase,
  tools: RunTools,
  actor: Actor,
  runs: readonly SteppedRun[],
  { types, now }: { readonly types: KnownTypes; readonly now: Date },
): Promise<CarriedOut> {
  const { tenant } = actor
  const wanted = <Kind extends Effect['kind']>(kind: Kind): Wanted<Kind>[] =>
    runs.flatMap((run) =>
      run.outcome.effects.flatMap((effect) =>
        effect.kind === kind ? [{ run, effect: effect as Wanted<Kind>['effect'] }] : [],
      ),
    )
  const runIdOf = ({ run }: SteppedRun): string => run.row.id
  const made = await makeTasks(client, tools, actor, { wanted: wanted('createTask'), types, now })
  const waits = wanted('openWait').map(({ run, effect: { id, key, path } }) => ({ id, key, path, runId: runIdOf(run) }))
  sendLast(client, openStepWaits(client, tenant, waits))
  const asked = wanted('askApproval').map(({ run, effect: { id, path, request } }) => ({
    tenant,
    id,
    path,
    request,
    runId: runIdOf(run),
    form: formOf(run, path),
    askedAt: now,
    expiresAt: rowAt(run, path)?.timeoutAt ?? null,
  }))
  sendLast(client, insertApprovals(client, asked))
  sendLast(client, settleApprovals(client, tenant, wanted('withdrawApproval').map(settledBy), now))
  const closed = wanted('closeWait').map(({ effect }) => effect.id)
  sendLast(client, closeStepWaits(client, tenant, closed))
  const [children, freed] = await Promise.all([
    startChildren(client, actor, wanted('startChild'), now),
    freeTurns(
      client,
      tenant,
      wanted('endRun').map(({ run }) => run),
    ),
  ])
  const cancelled = await cancelTasks(
    client,
    tenant,
    wanted('cancelTask').map(({ effect }) => effect.id),
    now,
  )
  const stops = wanted('cancelChild').map(
    ({ effect }): Message => ({ runId: effect.id, command: { kind: 'cancel', reason: null } }),
  )
  const ends = wanted('endRun').flatMap(({ run, effect }) => endForParent(run.run, effect))
  return {
    applied: {
      ...cancelled,
      hasClaimable: cancelled.hasClaimable || made.applied.hasClaimable,
      limits: joinLimits(tenant, cancelled.limits, made.applied.limits),
    },
    events: made.events,
    messages: [...made.messages, ...children, ...freed, ...stops, ...ends],
  }
}

interface TasksToMake {
  readonly wanted: readonly Wanted<'createTask'>[]
  readonly types: KnownTypes
  readonly now: Date
}

async function makeTasks(
  client: ClientBase,
  { schemas }: RunTools,
  actor: Actor,
  { wanted, types: known, now }: TasksToMake,
): Promise<{
  applied: Pick<Applied, 'hasClaimable' | 'limits'>
  events: readonly NewEvent[]
  messages: readonly Message[]
}> {
  const { tenant } = actor
  if (wanted.length === 0) return { applied: { hasClaimable: false }, events: [], messages: [] }
  const names = new Set(wanted.map(({ effect }) => effect.type))
  const { types } = names.isSubsetOf(known.names) ? known : await readTypes(client, tenant, [...names])
  const planned: PlannedTask[] = []
  const messages: Message[] = []
  const origins = new Map<string, { runId: string; stepPath: string }>()
  for (const { run, effect } of wanted) {
    const asked = taskOfStep(effect, run.run.row.workflow)
    const type = types.get(effect.type)
    const issues = checkNewTasks([asked], now, () => [])
    if (type !== undefined) issues.push(...checkTaskInput(schemas, asked, type, []))
    if (type === undefined || issues.length > 0) {
      const error = type === undefined ? unknownType(effect.type) : invalidTask(issues)
      messages.push(endMessage(run.run.row.id, effect, { status: 'FAILED', error }))
      continue
    }
    planned.push(planTask(asked, { tenant, id: effect.id, now, type }, dependsOnNothing))
    origins.set(effect.id, { runId: run.run.row.id, stepPath: effect.path })
  }
  const inserted = insertPlanned(client, actor, planned, now, ({ born }) => origins.get(born.id)!)
  // A placement may have to be written once more, before the COMMIT.
  if (planned.some(({ placement }) => placement !== null)) await inserted
  else sendLast(client, inserted)
  return {
    applied: {
      hasClaimable: planned.some(({ born }) => born.isClaimable),
      limits: limitsToSettle(
        tenant,
        planned.map(({ born }) => ({ before: null, after: born })),
      ),
    },
    events: planned.flatMap((task) => birthEvents(task, actor)),
    messages,
  }
}

function unknownType(type: string): StepError {
  return { code: 'UNKNOWN_TASK_TYPE', message: `No task type is called "${type}": start a worker that serves it.` }
}

function invalidTask(issues: readonly InputIssue[]): StepError {
  return {
    code: 'INVALID_TASK',
    message: issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim()).join('; '),
  }
}

function dependsOnNothing(): never {
  throw new Error('The task of a step depends on nothing')
}

function endMessage(runId: string, { path, id }: { path: string; id: string }, end: End): Message {
  return { runId, command: { kind: 'end', path, id, end } }
}

/** Runs of the workflows asked for; those that are not there fail their steps. */
async function startChildren(
  client: ClientBase,
  { tenant, name }: Actor,
  wanted: readonly Wanted<'startChild'>[],
  now: Date,
): Promise<readonly Message[]> {
  if (wanted.length === 0) return []
  const versions = await findVersions(
    client,
    tenant,
    wanted.map(({ effect: { workflow, version } }) => ({ name: workflow, version })),
  )
  const messages: Message[] = []
  const children: NewRun[] = []
  for (const [index, { run, effect }] of wanted.entries()) {
    const version = versions[index]!
    const runId = run.run.row.id
    if (version === null || version.status === 'DRAFT') {
      messages.push(endMessage(runId, effect, { status: 'FAILED', error: noWorkflow(effect) }))
      continue
    }
    children.push({
      tenant,
      row: newRun({ id: effect.id, workflow: version.name, version: version.number }),
      workflowId: version.workflowId,
      input: effect.input,
      parent: { runId, path: effect.path },
      forkedFromId: null,
      concurrencyKey: null,
      trigger: null,
      createdAt: now,
      createdBy: name,
    })
    messages.push({ runId: effect.id, command: { kind: 'start' } })
  }
  await insertRuns(client, children)
  return messages
}

function noWorkflow({ workflow, version }: { workflow: string; version: number | null }): StepError {
  const which = version === null ? 'no version that is READY' : `no version ${version} that can be run`
  return { code: 'UNKNOWN_WORKFLOW', message: `The workflow "${workflow}" has ${which}.` }
}

/** Cancels tasks that have not ended, with their parts. Those that have tell the run themselves. */
export async function cancelTasks(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
  now: Date,
): Promise<Applied> {
  if (ids.length === 0) return { hasEvents: false, hasClaimable: false, hasRevoked: false, hasUnsettled: false }
  const { tasks } = await lockCascade(client, tenant, ids, { children: true, dependents: false })
  const decisions = [...tasks.values()].flatMap((before): Decision[] => {
    if (isFinished(before.status)) return []
    const decided = transition(before, { kind: 'cancel', reason: 'Its run stopped the step.' }, now, 0)
    return decided.kind === 'refused' ? [] : [{ before, transition: decided }]
  })
  if (decisions.length === 0) return { hasEvents: false, hasClaimable: false, hasRevoked: false, hasUnsettled: false }
  return applyDecisions(client, null, now, decisions)
}

function formOf({ plan }: SteppedRun, path: string) {
  const id = path.slice(path.lastIndexOf('.') + 1)
  const step = plan.steps.get(id)?.step
  return step?.type === 'APPROVAL' && typeof step.form === 'object' ? step.form : null
}

/** What came of a request, by what its step has come to. */
function settledBy({ run, effect: { id, path } }: Wanted<'withdrawApproval'>) {
  const row = rowAt(run, path)
  const output = row?.status === 'COMPLETED' ? (row.output as { approved?: boolean } | null) : null
  const wasRefused = output?.approved === false || row?.error?.code === 'APPROVAL_REFUSED'
  return { id, status: output?.approved === true ? 'APPROVED' : wasRefused ? 'REFUSED' : 'WITHDRAWN' } as const
}

/** A child run tells its parent how it ended. */
export function endForParent(
  { row, parent }: LockedRun,
  { status, output, error }: Pick<Extract<Effect, { kind: 'endRun' }>, 'status' | 'output' | 'error'>,
): Message[] {
  if (parent === null) return []
  const end: End =
    status === 'COMPLETED'
      ? { status, output }
      : status === 'FAILED'
        ? { status, error: error! }
        : { status: 'CANCELLED' }
  return [endMessage(parent.runId, { path: parent.path, id: row.id }, end)]
}
