import type { ClientBase } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import { readCapacities } from '../pool/store.ts'
import { checkNewTasks } from '../task/check-new-tasks.ts'
import { orderByDependency } from '../task/dependency-order.ts'
import type { NewDependency, NewTask } from '../task/new-task.ts'
import { type PlannedTask, planTask } from '../task/plan-tasks.ts'
import { accepted, type InputIssue, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { type IdempotencyAnswer, takeIdempotencyKey } from '../task/store/idempotency.ts'
import { shareTasks } from '../task/store/lock-tasks.ts'
import { countPlacements, MOST_PLACEMENTS } from '../task/store/placements.ts'
import { readTaskTypeNames, readTaskTypes, type TaskTypeRow } from '../task/store/task-types.ts'
import type { TaskState } from '../task/task-state.ts'
import { newUuid } from '../task/type-id.ts'
import { type LimitsToSettle, limitsToSettle, ringBells } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey, RollBack } from './idempotency.ts'
import { checkTaskInput, insertPlanned } from './make-tasks.ts'
import { transact } from './transact.ts'

type Path = readonly (string | number)[]

export interface CreateTasks {
  readonly tasks: readonly NewTask[]
  /** The same key with the same tasks answers with those made the first time, for at least a day. */
  readonly idempotencyKey?: string
  /** Names the door's operation: keys of different operations never meet. */
  readonly verb?: 'createTask' | 'createTasks'
}

export interface CreatedTasks {
  /** uuids, in the order of the tasks asked for */
  readonly taskIds: readonly string[]
  /** True when the idempotency key had been used: nothing new was made. */
  readonly isReplay: boolean
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
  const pathOf = (index: number): Path => (verb === 'createTask' ? [] : ['tasks', index])
  const issues = [...checkIdempotencyKey(input.idempotencyKey), ...checkNewTasks(input.tasks, new Date(), pathOf)]
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const order = orderByDependency(input.tasks)
  if (order.kind === 'cycle') return refusedWith({ code: 'DEPENDENCY_CYCLE', cycle: order.cycle })

  // In dependency order, so that a task's id is larger than those it waits for: locks by id then follow the graph.
  const ids: string[] = []
  for (const position of order.positions) ids[position] = newUuid()
  const outcome = await transact(engine, async (client): Promise<Outcome> => {
    if (input.idempotencyKey !== undefined) {
      const call = { tenant: actor.tenant, verb, key: input.idempotencyKey, bodyHash: bodyHashOf(input.tasks) }
      const answer = await takeIdempotencyKey(client, call, ids)
      if (answer.kind === 'repeated') return replay(input.idempotencyKey, answer)
    }
    const refusalOrPlan = await planCall(client, engine.schemas, actor, input.tasks, order.positions, ids, pathOf)
    if ('refusal' in refusalOrPlan) throw new RollBack(refusalOrPlan.refusal)
    const { planned, now } = refusalOrPlan
    await appendEvents(client, await insertPlanned(client, actor, planned, now, () => input))
    if (await hasTooManyPlaces(client, actor.tenant, input.tasks)) throw new RollBack(tooManyPlaces(input, pathOf))
    const hasClaimable = planned.some(({ born, ended }) => ended === null && born.isClaimable)
    const living = planned.flatMap(({ born, ended }) => (ended === null ? [{ before: null, after: born }] : []))
    return { taskIds: ids, isReplay: false, hasClaimable, limits: limitsToSettle(actor.tenant, living) }
  }).catch((error: unknown): Outcome => {
    if (error instanceof RollBack) return { refusal: error.refusal }
    throw error
  })
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  if (!outcome.isReplay) {
    const { hasClaimable, limits } = outcome
    ringBells(engine, { hasEvents: true, hasClaimable, hasRevoked: false, limits })
  }
  return accepted({ taskIds: outcome.taskIds, isReplay: outcome.isReplay })
}

type Outcome =
  | { refusal: Refusal }
  | { taskIds: readonly string[]; isReplay: boolean; hasClaimable: boolean; limits?: LimitsToSettle | undefined }

function replay(key: string, answer: Extract<IdempotencyAnswer, { kind: 'repeated' }>): Outcome {
  const { taskIds, isSameBody } = answer
  return isSameBody
    ? { taskIds, isReplay: true, hasClaimable: false }
    : { refusal: { code: 'IDEMPOTENCY_CONFLICT', key, taskIds } }
}

async function planCall(
  client: ClientBase,
  schemas: SchemaCheck,
  actor: Actor,
  tasks: readonly NewTask[],
  positions: readonly number[],
  ids: readonly string[],
  pathOf: (index: number) => Path,
): Promise<{ refusal: Refusal } | { planned: PlannedTask[]; now: Date }> {
  const { types, now } = await readTaskTypes(client, actor.tenant, [...new Set(tasks.map(({ type }) => type))])
  const stranger = tasks.findIndex(({ type }) => !types.has(type))
  if (stranger >= 0) {
    const known = await readTaskTypeNames(client, actor.tenant)
    return {
      refusal: { code: 'UNKNOWN_TASK_TYPE', type: tasks[stranger]!.type, known, path: [...pathOf(stranger), 'type'] },
    }
  }
  const issues = tasks.flatMap((task, index) => checkTaskInput(schemas, task, types.get(task.type)!, pathOf(index)))
  issues.push(...(await checkPools(client, actor.tenant, tasks, types, pathOf)))
  if (issues.length > 0) return { refusal: { code: 'VALIDATION', issues } }

  const others = relatedIds(tasks)
  const related = others.length === 0 ? NOBODY : await shareTasks(client, actor.tenant, others)
  const refusal = checkRelations(tasks, related, pathOf)
  if (refusal !== null) return { refusal }

  const states = new Map<string, TaskState>(related)
  const positionOf = new Map(tasks.flatMap(({ key }, index) => (key === undefined ? [] : [[key, index] as const])))
  const targetOf = ({ taskId, key }: NewDependency): TaskState => states.get(taskId ?? ids[positionOf.get(key!)!]!)!
  const planned = positions.map((position) => {
    const asked = tasks[position]!
    const given = { tenant: actor.tenant, id: ids[position]!, now, defaults: types.get(asked.type)!.defaults }
    const plan = planTask(asked, given, targetOf)
    states.set(given.id, plan.ended?.state ?? plan.born)
    return plan
  })
  return { planned, now }
}

/** A task that asks for more than a pool has could never run. */
async function checkPools(
  client: ClientBase,
  tenant: string,
  tasks: readonly NewTask[],
  types: ReadonlyMap<string, TaskTypeRow>,
  pathOf: (index: number) => Path,
): Promise<InputIssue[]> {
  const asked = tasks.flatMap((task, index) =>
    Object.entries(task.pools ?? types.get(task.type)!.defaults.pools ?? {}).map(([name, slots]) => ({
      name,
      slots,
      path: [...pathOf(index), 'resources', 'pools', name],
    })),
  )
  const capacities = await readCapacities(client, tenant, [...new Set(asked.map(({ name }) => name))])
  return asked.flatMap(({ name, slots, path }): InputIssue[] => {
    const capacity = capacities.get(name)
    if (capacity === undefined) return [{ path, message: `"${name}" is no pool; make it with configurePool` }]
    if (slots <= capacity) return []
    return [{ path, message: `is ${slots}, and the pool has ${capacity} in all: the task could never run` }]
  })
}

async function hasTooManyPlaces(client: ClientBase, tenant: string, tasks: readonly NewTask[]): Promise<boolean> {
  if (tasks.every(({ workerSelector }) => workerSelector === undefined)) return false
  return (await countPlacements(client, tenant)) > MOST_PLACEMENTS
}

function tooManyPlaces({ tasks }: CreateTasks, pathOf: (index: number) => Path): Refusal {
  const index = tasks.findIndex(({ workerSelector }) => workerSelector !== undefined)
  const message = `would be one of more than ${MOST_PLACEMENTS} different selectors; put what differs between tasks into fewer`
  return { code: 'VALIDATION', issues: [{ path: [...pathOf(index), 'workerSelector'], message }] }
}

const NOBODY: ReadonlyMap<string, TaskState> = new Map()

function relatedIds(tasks: readonly NewTask[]): string[] {
  const ids = tasks.flatMap(({ dependsOn = [], parentId }) => [
    ...dependsOn.flatMap(({ taskId }) => (taskId === undefined ? [] : [taskId])),
    ...(parentId === undefined ? [] : [parentId]),
  ])
  return [...new Set(ids)]
}

function checkRelations(
  tasks: readonly NewTask[],
  related: ReadonlyMap<string, TaskState>,
  pathOf: (index: number) => Path,
): Refusal | null {
  for (const [index, { dependsOn = [], parentId }] of tasks.entries()) {
    const missing = dependsOn.findIndex(({ taskId }) => taskId !== undefined && !related.has(taskId))
    if (missing >= 0) {
      const path = [...pathOf(index), 'dependsOn', missing, 'taskId']
      return { code: 'NOT_FOUND', what: 'task', id: dependsOn[missing]!.taskId!, path }
    }
    if (parentId === undefined) continue
    const parent = related.get(parentId)
    const path = [...pathOf(index), 'parentId']
    if (parent === undefined) return { code: 'NOT_FOUND', what: 'task', id: parentId, path }
    if (parent.status === 'CANCELLED') {
      return {
        code: 'VALIDATION',
        issues: [{ path, message: 'names a task that was cancelled; it takes no new children' }],
      }
    }
  }
  return null
}
