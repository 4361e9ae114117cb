import { createTasks } from '../../src/engine/create-tasks.ts'
import type { GraphEngine } from '../../src/graph/context.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import type { ClaimTasksMutation } from '../../src/sdk/generated/operations.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from './engine.ts'

type LeasedTask = Extract<ClaimTasksMutation['claimTasks'], { __typename: 'ClaimTasksSuccess' }>['tasks'][number]

/** A worker over the graph whose every request a test sends by hand. */
export interface GraphWorker {
  readonly client: Client
  /** TypeID */
  readonly workerId: string
  claim(options?: { limit?: number; wait?: string; requestId?: string }): Promise<readonly LeasedTask[]>
  /** The fields that name a lease of this worker. */
  own(task: { readonly id: string; readonly epoch: number }): { workerId: string; taskId: string; epoch: number }
}

/** Signs a worker on that serves `work`. */
export async function signOn(
  url: string,
  options: {
    apiKey?: string
    lease?: string
    types?: { name: string; inputSchema?: object; outputSchema?: object }[]
  } = {},
): Promise<GraphWorker> {
  const { apiKey, lease = 'PT1H', types = [{ name: 'work' }] } = options
  const client = createClient({ url, ...(apiKey !== undefined && { apiKey }) })
  const { workerId } = unwrap(
    await client.registerWorker({
      input: { requestId: newUuid(), name: 'by hand', host: 'test', types, slots: 10, lease },
    }),
  )
  return {
    client,
    workerId,
    async claim({ limit = 10, wait, requestId = newUuid() } = {}) {
      const input = { workerId, requestId, types: types.map(({ name }) => name), limit, ...(wait && { wait }) }
      return unwrap(await client.claimTasks({ input })).tasks
    },
    own: ({ id, epoch }) => ({ workerId, taskId: id, epoch }),
  }
}

/** Makes tasks of type `work` and answers with their TypeIDs. */
export async function createWork(engine: GraphEngine, ...tasks: Partial<NewTask>[]): Promise<string[]> {
  const created = await createTasks(engine, ACTOR, {
    tasks: tasks.map((task) => ({ name: 'a', type: 'work', ...task })),
  })
  if (!created.ok) throw new Error(JSON.stringify(created.refusal))
  return created.value.taskIds.map((id) => encodeTypeId('task', id))
}
