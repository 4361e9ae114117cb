import type { ClientBase } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import { sendLast } from '../infra/with-transaction.ts'
import { checkNewTasks } from '../task/check-new-tasks.ts'
import { orderByDependency } from '../task/dependency-order.ts'
import { MAX_JSON_BYTES, type NewTask } from '../task/new-task.ts'
import type { PlannedTask } from '../task/plan-tasks.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { answerIdempotencyKey, type IdempotencyAnswer, takeIdempotencyKey } from '../task/store/idempotency.ts'
import { countPlacements, MOST_PLACEMENTS } from '../task/store/placements.ts'
import { newUuid } from '../task/type-id.ts'
import { checkUnique, quietFrom, type UniqueRule } from '../task/unique.ts'
import { type Applied, limitsToSettle, ringBells } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { bodyHashOf, checkIdempotencyKey, RollBack, refusalOf } from './idempotency.ts'
import { insertPlanned } from './make-tasks.ts'
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
  const issues = [...checkIdempotencyKey(input.idempotencyKey), ...checkNewTasks(input.tasks, new Date(), pathOf)]
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
      const answer = await takeIdempotencyKey(client, { ...idempotent, bodyHash: bodyHashOf(bodyOf(input)) }, ids)
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
    const { planned } = plan
    const { events, overfull } = await insertPlanned(client, actor, planned, read.now, () => input)
    if (overfull.size > 0) throw new RollBack(tooLarge(ids, overfull, pathOf))
    if (await hasTooManyPlaces(client, actor.tenant, planned)) throw new RollBack(tooManyPlaces(tasks, planned, pathOf))
    sendLast(client, appendEvents(client, events))
    const living = planned.flatMap(({ born, ended }) => (ended === null ? [born] : []))
    const applied = {
      hasEvents: true,
      hasClaimable: living.some(({ isClaimable }) => isClaimable),
      hasRevoked: false,
      hasUnsettled: false,
      limits: limitsToSettle(
        actor.tenant,
        living.map((after) => ({ before: null, after })),
      ),
    }
    return { taskIds: ids, isReplay: false, isStanding: false, applied }
  }).catch(refusalOf)
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

function bodyOf({ tasks, unique }: CreateTasks): unknown {
  return unique === undefined ? tasks : [tasks, unique]
}

function replay(key: string, answer: Extract<IdempotencyAnswer, { kind: 'repeated' }>): Outcome {
  const { taskIds, isSameBody } = answer
  return isSameBody
    ? { taskIds, isReplay: true, isStanding: false, applied: null }
    : { refusal: { code: 'IDEMPOTENCY_CONFLICT', key, taskIds } }
}

async function hasTooManyPlaces(client: ClientBase, tenant: string, planned: readonly PlannedTask[]): Promise<boolean> {
  if (planned.every(({ placement }) => placement === null)) return false
  return (await countPlacements(client, tenant)) > MOST_PLACEMENTS
}

function tooManyPlaces(tasks: readonly NewTask[], planned: readonly PlannedTask[], pathOf: PathOf): Refusal {
  const { asked, placement } = planned.find((task) => task.placement !== null)!
  const field =
    asked.workerSelector !== undefined
      ? 'workerSelector'
      : placement!.resources === null
        ? 'workerPreferences'
        : 'resources'
  const message = `asks of its worker one of more than ${MOST_PLACEMENTS} different things: selectors, amounts of resources, preferences; put what differs between tasks into fewer`
  return { code: 'VALIDATION', issues: [{ path: [...pathOf(tasks.indexOf(asked)), field], message }] }
}

function tooLarge(ids: readonly string[], overfull: ReadonlySet<string>, pathOf: PathOf): Refusal {
  const message = `takes more than ${MAX_JSON_BYTES} bytes with the outputs of its DATA dependencies; pass large content by reference`
  const issues = ids.flatMap((id, index) => (overfull.has(id) ? [{ path: [...pathOf(index), 'input'], message }] : []))
  return { code: 'VALIDATION', issues }
}
