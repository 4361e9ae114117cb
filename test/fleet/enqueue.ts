import { setTimeout as delay } from 'node:timers/promises'
import { uuidOf } from '../../src/task/type-id.ts'
import { ask } from '../chaos/ask.ts'
import type { Answer } from '../chaos/subscription.ts'
import { CAPACITIES, KEY_LIMITS, type PlannedTask } from './workload.ts'

const BATCH = 20

/** A server whose database or whose own end comes in between says INTERNAL; one that goes on saying so has a bug. */
const MOST_INTERNAL = 100

/** Sends a mutation until it is answered, whatever happens to the API meanwhile. */
async function send(url: string, query: string, input: object): Promise<Answer['data']> {
  for (let internal = 0; ; ) {
    // Nobody there, or one that has just started: asked again.
    const { data, errors } = await ask(url, { query, variables: { input } }).catch((): Answer => ({}))
    if (errors?.every(({ extensions }) => extensions?.code === 'INTERNAL')) internal += 1
    if (errors !== undefined && (internal === 0 || internal > MOST_INTERNAL))
      throw new Error(`${JSON.stringify(errors)} to ${query}`)
    if (data) return data
    await delay(20)
  }
}

/** Makes the pools of the workload and limits its concurrency keys. */
export async function configureLimits(url: string): Promise<void> {
  for (const [key, capacity] of Object.entries(CAPACITIES)) {
    if (!key.startsWith('pool:')) continue
    await send(url, document('configurePool'), { name: key.slice('pool:'.length), capacity })
  }
  await send(url, document('configureScheduling'), { concurrencyLimits: KEY_LIMITS })
}

export interface Enqueueing {
  /** Tells its idempotency keys from others'. */
  readonly name: string
  readonly plan: readonly PlannedTask[]
  /** Awaited before each batch. */
  readonly room?: () => Promise<void>
  /** Told of each task's TypeID and plan. */
  readonly onMade: (id: string, task: PlannedTask) => void
}

/** Makes the planned tasks over the graph, batch by batch, each under an idempotency key until it is answered. */
export async function enqueue(url: string, { name, plan, room, onMade }: Enqueueing): Promise<void> {
  const ids: string[] = []
  for (let from = 0; from < plan.length; from += BATCH) {
    await room?.()
    const tasks = plan.slice(from, from + BATCH).map((task, offset) => inputOf(task, from + offset, from, ids))
    const { createTasks } = await send(url, CREATE, { idempotencyKey: `${name}-${from}`, tasks })
    const made: string[] | undefined = createTasks.taskIds
    if (made === undefined) throw new Error(JSON.stringify(createTasks))
    for (const [offset, id] of made.entries()) onMade(id, plan[from + offset]!)
    ids.push(...made)
  }
}

/** Asks for a task to be cancelled; that it has ended already is an answer, too. */
export async function cancel(url: string, id: string): Promise<void> {
  await send(url, document('cancelTask'), { id })
}

export async function setClaimsPaused(url: string, isPaused: boolean): Promise<void> {
  await send(url, document(isPaused ? 'pauseClaims' : 'resumeClaims'), { scope: 'ALL' })
}

/** @param from place of the batch's first task; those before it have ids */
function inputOf(task: PlannedTask, place: number, from: number, ids: readonly string[]): object {
  return {
    key: `t${place}`,
    name: `task ${place}`,
    type: task.type,
    priority: task.priority,
    input: task.input,
    retry: { initial: 'PT0.05S', maxAttempts: task.maxAttempts },
    resources: { pools: Object.entries(task.pools).map(([pool, slots]) => ({ pool, slots })) },
    ...(task.concurrencyKey !== null && { concurrencyKey: task.concurrencyKey }),
    dependsOn: task.dependsOn.map(({ on, kind, onUnmet }) => ({
      ...(on < from ? { taskId: ids[on] } : { key: `t${on}` }),
      kind,
      onUnmet,
      ...(kind === 'CONDITIONAL' && { condition: 'status == "COMPLETED"' }),
    })),
  }
}

/** The uuid of a task that the graph names. */
export function uuidOfTask(id: string): string {
  return uuidOf('task', id)!
}

const CREATE = `mutation ($input: CreateTasksInput!) { createTasks(input: $input) {
  __typename ... on CreateTasksSuccess { taskIds } ... on UserError { code message } } }`

function document(verb: string): string {
  const type = `${verb[0]!.toUpperCase()}${verb.slice(1)}Input!`
  return `mutation ($input: ${type}) { ${verb}(input: $input) { __typename } }`
}
