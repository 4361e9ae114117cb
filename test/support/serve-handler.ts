import type { Pool } from 'pg'
import { createTasks } from '../../src/engine/create-tasks.ts'
import type { JsonSchema } from '../../src/task/json.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { HandlerContext, TaskHandler, TaskTypeDefinition } from '../../src/worker/handler.ts'
import { ACTOR } from './engine.ts'
import { runWorker, type TestWorker } from './run-worker.ts'
import { until } from './until.ts'

export interface Serving {
  readonly slots?: number
  readonly cutOffMs?: number
  readonly handMs?: number
  readonly pollMs?: number
  readonly queue?: string
  readonly input?: JsonSchema
  readonly output?: JsonSchema
}

/** A worker that runs one handler for tasks of type `work`, and what tests ask of it. */
export interface ServedHandler extends TestWorker {
  /** Makes tasks or throws; answers with their ids. */
  create(...tasks: Partial<NewTask>[]): Promise<string[]>
  /** One plain task. */
  createOne(task?: Partial<NewTask>): Promise<string>
  rowOf(id: string): Promise<Record<string, unknown>>
  /** The task's row once it has ended. */
  ended(id: string): Promise<Record<string, unknown>>
  kindsOf(id: string): Promise<string[]>
}

export async function serveHandler(db: Pool, handler: TaskHandler, serving: Serving = {}): Promise<ServedHandler> {
  const { input, output, ...options } = serving
  const type: TaskTypeDefinition = { name: 'work', handler, ...(input && { input }), ...(output && { output }) }
  const worker = await runWorker(db, [type], options)
  const create = async (...tasks: Partial<NewTask>[]): Promise<string[]> => {
    const whole = tasks.map((task) => ({ name: 'a', type: 'work', ...task }))
    const created = await createTasks(worker.engine, ACTOR, { tasks: whole })
    if (!created.ok) throw new Error(JSON.stringify(created.refusal))
    return [...created.value.taskIds]
  }
  const rowOf = async (id: string): Promise<Record<string, unknown>> => {
    const { rows } = await db.query<Record<string, unknown>>('SELECT * FROM task WHERE id = $1', [id])
    return rows[0]!
  }
  return {
    ...worker,
    create,
    createOne: async (task = {}) => (await create(task))[0]!,
    rowOf,
    async ended(id) {
      await until(async () => (await rowOf(id)).finished_at !== null)
      return rowOf(id)
    },
    async kindsOf(id) {
      const { rows } = await db.query('SELECT kind FROM event WHERE task_id = $1 ORDER BY id', [id])
      return rows.map(({ kind }) => kind)
    },
  }
}

/** Resolves with the reason when the handler is told to stop. */
export function untilAborted({ signal }: HandlerContext): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))
}
