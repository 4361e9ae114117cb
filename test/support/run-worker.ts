import type { Pool } from 'pg'
import type { BellTopic } from '../../src/engine/engine.ts'
import { createAttemptReporter } from '../../src/loop/attempt-reporter.ts'
import { createEnginePort } from '../../src/loop/engine-port.ts'
import { type Executor, startExecutor } from '../../src/loop/executor.ts'
import type { TaskTypeDefinition } from '../../src/worker/handler.ts'
import type { ServedType } from '../../src/worker/run-attempt.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from './engine.ts'

export interface TestWorker {
  readonly engine: TestEngine
  readonly workerId: string
  readonly executor: Executor
  readonly errors: unknown[]
}

export interface RunWorkerOptions {
  readonly slots?: number
  readonly cutOffMs?: number
  readonly handMs?: number
  readonly pollMs?: number
  readonly queue?: string
  /** Hears the bells that the engine rings as well. */
  readonly onBell?: (topic: BellTopic) => void
}

/** A worker with its executor over a test's database; bells that its engine rings wake it, as in one process. */
export async function runWorker(
  db: Pool,
  types: readonly TaskTypeDefinition[],
  options: RunWorkerOptions = {},
): Promise<TestWorker> {
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const listeners: ((topic: BellTopic) => void)[] = options.onBell === undefined ? [] : [options.onBell]
  const plain = testEngine(db)
  const engine: TestEngine = {
    ...plain,
    channel: {
      publish(topic) {
        for (const listen of listeners) listen(topic)
      },
    },
  }
  const workerId = await addWorker(
    engine,
    types.map(({ name, input, output }) => ({
      name,
      description: null,
      inputSchema: input ?? null,
      outputSchema: output ?? null,
      defaults: {},
    })),
    options.slots,
  )
  const checkLeases = (): void => void executor.checkLeases().catch(onError)
  const port = createEnginePort({
    engine,
    actor: ACTOR,
    workerId,
    queue: options.queue ?? 'default',
    types: types.map(({ name }) => name),
  })
  const reporter = createAttemptReporter({ port, onError, onStale: checkLeases })
  const executor = startExecutor({
    port,
    schemas: engine.schemas,
    reporter,
    types: new Map(types.map((type) => [type.name, served(type)])),
    slots: options.slots ?? 10,
    // So long that a test which depends on a bell does not pass by a poll.
    pollMs: options.pollMs ?? 600_000,
    ...(options.cutOffMs !== undefined && { cutOffMs: options.cutOffMs }),
    ...(options.handMs !== undefined && { handMs: options.handMs }),
    onError,
  })
  listeners.push((topic) => {
    if (topic === 'claimable') executor.wake()
    if (topic === 'revoked') checkLeases()
  })
  return { engine, workerId, executor, errors }
}

function served({ handler, input, output }: TaskTypeDefinition): ServedType {
  const textOf = (schema: TaskTypeDefinition['input']): string | null => (schema ? JSON.stringify(schema) : null)
  return { handler, inputSchema: textOf(input), outputSchema: textOf(output) }
}
