import fc from 'fast-check'
import { afterAll, expect } from 'vitest'
import { configureScheduling } from '../../src/engine/configure-scheduling.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import type { Strategy } from '../../src/scheduling/strategy.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { TASK_PRIORITIES } from '../../src/task/status.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from './engine.ts'
import { type Ordered, referenceOrder } from './reference-order.ts'
import { sized } from './size.ts'

export const TYPES = ['red', 'green', 'blue']
/** Tasks of one draw. */
export const TASKS = sized(1_000, 10_000)
/** The proportions of the default, in whole numbers. */
const WEIGHTS = { priority: 4, deadline: 3, length: 2, age: 1 }
export const FAIRNESS_WEIGHTS = { ada: 4 }

/** What tests of the order of claims stand on. */
export interface OrderFixture {
  readonly database: TestDatabase
  readonly engine: TestEngine
  /** uuid of a worker that serves all types. */
  readonly workerId: string
  configure(strategy: Strategy): Promise<void>
  /** Makes {@link TASKS} random tasks in several calls, at different times. */
  create(): Promise<void>
  /** Everything that waits, as the reference sees it, in the order of creation. */
  waiting(): Promise<Ordered[]>
  /** The order that the reference gives to what waits now. */
  expectedOrder(strategy: Strategy): Promise<string[]>
}

export async function orderFixture(): Promise<OrderFixture> {
  const database = await freshDatabase({ size: 8 })
  afterAll(() => database.drop())
  const engine = testEngine(database.pool)
  const waiting = async (): Promise<Ordered[]> => (await database.pool.query<Ordered>(WAITING)).rows
  return {
    database,
    engine,
    workerId: await addWorker(engine, TYPES),
    waiting,
    async configure(strategy) {
      const settings = { weights: WEIGHTS, fairnessWeights: FAIRNESS_WEIGHTS }
      expect(await configureScheduling(engine, ACTOR, { strategy, settings })).toEqual({ ok: true, value: null })
    },
    async create() {
      const drawn = fc.sample(NEW_TASKS, TASKS) as NewTask[]
      for (let from = 0; from < TASKS; from += 100) {
        const outcome = await createTasks(engine, ACTOR, { tasks: drawn.slice(from, from + 100) })
        if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusal))
      }
    },
    async expectedOrder(strategy) {
      const { rows } = await database.pool.query<{ asOf: Date }>('SELECT as_of AS "asOf" FROM scheduling')
      const context = { asOf: rows[0]!.asOf, weights: WEIGHTS, fairnessWeights: FAIRNESS_WEIGHTS }
      return referenceOrder(strategy, await waiting(), context)
    },
  }
}

const WAITING = `
  SELECT t.id, t.type, t.priority::text, t.ready_at AS "readyAt", t.estimated_ms::float8 AS "estimatedMs", y.mean_run_ms AS "meanMs",
    t.deadline, coalesce(t.fairness_key, t.created_by) AS flow
  FROM task AS t JOIN task_type AS y ON y.tenant = t.tenant AND y.name = t.type WHERE t.is_claimable ORDER BY t.id`

const HOUR_MS = 3_600_000
const NEW_TASKS = fc.record(
  {
    name: fc.constant('a'),
    type: fc.constantFrom(...TYPES),
    priority: fc.constantFrom(...TASK_PRIORITIES),
    estimatedMs: fc.integer({ min: 1, max: 6 * HOUR_MS }),
    deadline: fc.integer({ min: HOUR_MS, max: 48 * HOUR_MS }).map((ms) => new Date(Date.now() + ms)),
    fairnessKey: fc.constantFrom('ada', 'bob', 'eve'),
  },
  { requiredKeys: ['name', 'type'] },
)
