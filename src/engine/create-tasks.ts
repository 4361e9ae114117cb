import { createHash } from 'node:crypto'
import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { checkNewTasks } from '../task/check-new-tasks.ts'
import { orderByDependency } from '../task/dependency-order.ts'
import { canonicalJson } from '../task/json-text.ts'
import { MAX_JSON_BYTES, type NewTask } from '../task/new-task.ts'
import type { PlannedTask } from '../task/plan-tasks.ts'
import { accepted, type InputIssue, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { mergeOutputs } from '../task/store/dependencies.ts'
import { answerIdempotencyKey, type IdempotencyAnswer, takeIdempotencyKey } from '../task/store/idempotency.ts'
import { type DependencyRow, insertDependencies, insertTasks, type TaskRow } from '../task/store/insert-tasks.ts'
import { newUuid } from '../task/type-id.ts'
import { checkUnique, quietFrom, type UniqueRule } from '../task/unique.ts'
import { type Applied, ringBells } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { type PathOf, planCall, readTypes } from './plan-call.ts'
import { transact } from './transact.ts'
import { takeUnique } from './unique-task.ts'

export interface CreateTasks {
  readonly tasks: readonly NewTask[]
  /** The same key with the same tasks answers with those made the first time, for at least a day. */
  readonly idempotencyKey?: string
  /** Names the door's operation: keys of different operations never meet. */
  readonly verb?: 'createTask' | 'createTasks'
  /** For a single task: makes it only when no other stands for its key. */
  readonly unique?: UniqueRule
}

export interface CreatedTasks {
  /** uuids, in the order of the tasks asked for */
  readonly taskIds: readonly string[]
  /** True when the idempotency key had been used: nothing new was made. */
  readonly isReplay: boolean
  /** True when another task stands for the unique key: nothing new was made. */
  readonly isStanding: boolean
}

/**
 * Makes all the tasks of one call, or none: they may depend on each other by local key, and on tasks that exist.
 *
 * A task is born READY, SCHEDULED or PENDING; one whose dependency has failed already ends at once by its rule.
 */
export async function createTasks(
  engine: Engine & { readonly schemas: SchemaCheck },
  actor: Actor,
  input: CreateTasks,
): Promise<Result<CreatedTasks>> {
  const verb = input.verb ?? 'createTasks'
  const pathOf: PathOf = (index) => (verb === 'createTask' ? [] : ['tasks', index])
  const issues = [...checkKey(input.idempotencyKey), ...checkNewTasks(input.tasks, new Date(), pathOf)]
  if (input.unique !== undefined) issues.push(...checkUnique(input.unique, onlyOne(input.tasks), ['unique']))
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const order = orderByDependency(input.tasks)
  if (order.kind === 'cycle') return refusedWith({ code: 'DEPENDENCY_CYCLE', cycle: order.cycle })

  // In dependency order, so that a task's id is larger than those it waits for: locks by id then follow the graph.
  const ids: string[] = []
  for (const position of order.positions) ids[position] = newUuid()
  const outcome = await transact(engine, async (client): Promise<Outcome> => {
    const idempotent =
      input.idempotencyKey === undefined ? null : { tenant: actor.tenant, verb, key: input.idempotencyKey }
    if (idempotent !== null) {
      const answer = await takeIdempotencyKey(client, { ...idempotent, bodyHash: hashOf(input) }, ids)
      if (answer.kind === 'repeated') return replay(idempotent.key, answer)
    }
    const read = await readTypes(client, actor, input.tasks, engine.schemas, pathOf)
    if ('refusal' in read) throw new RollBack(read.refusal)
    const standing =
      input.unique === undefined ? null : await takeUnique(client, actor, input.unique, onlyOne(input.tasks), ids[0]!)
    if (standing !== null) {
      if (idempotent !== null) await answerIdempotencyKey(client, idempotent, [standing.taskId])
      return { taskIds: [standing.taskId], isReplay: false, isStanding: true, applied: standing.applied }
    }
    const tasks = startLater(input, read.now)
    const plan = await planCall(client, actor, { tasks, positions: order.positions, ids, pathOf }, read)
    if ('refusal' in plan) throw new RollBack(plan.refusal)
    const overfull = await writePlan(client, actor, input, plan.planned, read.now)
    if (overfull.size > 0) throw new RollBack(tooLarge(ids, overfull, pathOf))
    const hasClaimable = plan.planned.some(({ born, ended }) => ended === null && born.isClaimable)
    const applied = { hasEvents: true, hasClaimable, hasRevoked: false, hasUnsettled: false }
    return { taskIds: ids, isReplay: false, isStanding: false, applied }
  }).catch((error: unknown): Outcome => {
    if (error instanceof RollBack) return { refusal: error.refusal }
    throw error
  })
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  const { applied, ...created } = outcome
  if (applied !== null) ringBells(engine, applied)
  return accepted(created)
}

type Outcome = { refusal: Refusal } | (CreatedTasks & { readonly applied: Applied | null })

function onlyOne(tasks: readonly NewTask[]): NewTask {
  if (tasks.length !== 1) throw new Error(`A unique key goes with one task, not with ${tasks.length}`)
  return tasks[0]!
}

/** A debounced task waits for its period from the start. */
function startLater({ tasks, unique }: CreateTasks, now: Date): readonly NewTask[] {
  if (unique?.mode !== 'DEBOUNCE') return tasks
  return tasks.map((task) => ({ ...task, scheduledFor: quietFrom(unique, now, now) }))
}

/** Undoes the taken idempotency key together with everything else. */
class RollBack extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

function checkKey(key: string | undefined): InputIssue[] {
  if (key === undefined || (key.length >= 1 && key.length <= 500 && !key.includes('\0'))) return []
  return [
    { path: ['idempotencyKey'], message: `has ${key.length} characters; give 1 to 500, without the NUL character` },
  ]
}

function hashOf({ tasks, unique }: CreateTasks): Buffer {
  return createHash('sha256')
    .update(canonicalJson(unique === undefined ? tasks : [tasks, unique]))
    .digest()
}

function replay(key: string, answer: Extract<IdempotencyAnswer, { kind: 'repeated' }>): Outcome {
  const { taskIds, isSameBody } = answer
  return isSameBody
    ? { taskIds, isReplay: true, isStanding: false, applied: null }
    : { refusal: { code: 'IDEMPOTENCY_CONFLICT', key, taskIds } }
}

/** @returns the tasks whose inputs cannot take the outputs they depend on */
async function writePlan(
  client: ClientBase,
  actor: Actor,
  input: CreateTasks,
  planned: readonly PlannedTask[],
  now: Date,
): Promise<ReadonlySet<string>> {
  await insertTasks(
    client,
    planned.map(
      ({ asked, born, ended }): TaskRow => ({
        state: ended?.state ?? born,
        asked,
        input: asked.input === undefined ? null : JSON.stringify(asked.input),
        createdAt: now,
        createdBy: actor.name,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
    ),
  )
  const dependencies = planned.flatMap((task) => dependencyRows(task, now))
  await insertDependencies(client, dependencies)
  const fed = planned.filter(
    ({ born, dependencies }) => born.waitingOn === 0 && dependencies.some(({ kind }) => kind === 'DATA'),
  )
  const overfull = await mergeOutputs(
    client,
    actor.tenant,
    fed.map(({ born }) => born.id),
  )
  await appendEvents(
    client,
    planned.flatMap((task) => birthEvents(task, actor)),
  )
  return overfull
}

function tooLarge(ids: readonly string[], overfull: ReadonlySet<string>, pathOf: PathOf): Refusal {
  const message = `takes more than ${MAX_JSON_BYTES} bytes with the outputs of its DATA dependencies; pass large content by reference`
  const issues = ids.flatMap((id, index) => (overfull.has(id) ? [{ path: [...pathOf(index), 'input'], message }] : []))
  return { code: 'VALIDATION', issues }
}

function dependencyRows({ born, dependencies }: PlannedTask, now: Date): DependencyRow[] {
  return dependencies.map((dependency) => ({
    ...dependency,
    tenant: born.tenant,
    taskId: born.id,
    settledAt: dependency.state === 'PENDING' ? null : now,
  }))
}

function birthEvents({ born, ended }: PlannedTask, actor: Actor): NewEvent[] {
  const about = { tenant: born.tenant, taskId: born.id, taskType: born.type, actor: actor.name, attempt: null }
  const created: NewEvent = { ...about, kind: 'TaskCreated', version: born.version, status: born.status, payload: null }
  if (ended === null) return [created]
  const { state, event } = ended
  return [created, { ...about, kind: event.kind, version: state.version, status: state.status, payload: event.payload }]
}
