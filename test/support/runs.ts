import { advanceRuns } from '../../src/engine/advance-runs.ts'
import type { AttemptEnd } from '../../src/engine/attempt-end.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import type { RunEngine } from '../../src/engine/run-tools.ts'
import { type StartRun, startRun } from '../../src/engine/start-run.ts'
import type { JsonValue } from '../../src/task/json.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import type { WorkflowDefinition } from '../../src/workflow/definition/definition.ts'
import { ACTOR, addWorker, type TestEngine } from './engine.ts'

/** Makes what a handler of a test gives or throws of a task. */
export type Handle = (task: ClaimedTask) => JsonValue | Error

/** Workflows over a test's database, whose tasks the test carries out by hand. */
export interface Runs {
  readonly engine: RunEngine
  define(definition: WorkflowDefinition): Promise<void>
  /** @returns uuid of the run */
  start(workflow: string, input?: JsonValue, more?: Partial<StartRun>): Promise<string>
  /** Steps what is to be stepped, carries out what can be claimed, and so on until nothing is left to do. */
  settle(handle?: Handle): Promise<void>
  /** Claims what can be claimed, and ends it. @returns how many */
  work(handle?: Handle): Promise<number>
}

export async function runsOf(engine: TestEngine, types: readonly string[] = ['work']): Promise<Runs> {
  const workerId = await addWorker(engine, types, 1_000)
  const work = async (handle: Handle = () => null): Promise<number> => {
    const { tasks } = await claimTasks(engine, { tenant: ACTOR.tenant, workerId, types, limit: 200 })
    const ends = tasks.map((task) => ({ taskId: task.id, epoch: task.epoch, end: endOf(handle(task)) }))
    for (const answer of await endAttempts(engine, ACTOR, ends)) {
      if (!answer.ok) throw new Error(JSON.stringify(answer.refusal))
    }
    return tasks.length
  }
  return {
    engine,
    work,
    async define(definition) {
      await createWorkflow(engine, ACTOR, { definition })
    },
    async start(workflow, input = {}, more = {}) {
      const started = await startRun(engine, ACTOR, { workflow, input, ...more })
      if (!started.ok) throw new Error(JSON.stringify(started.refusal))
      return started.value.runId
    },
    async settle(handle) {
      while ((await advanceRuns(engine)) + (await work(handle)) > 0);
    },
  }
}

function endOf(given: JsonValue | Error): AttemptEnd {
  if (!(given instanceof Error)) return { kind: 'complete', output: JSON.stringify(given) }
  const error = { code: 'BROKEN', message: given.message, retryable: false, attempt: 0 }
  return { kind: 'fail', outcome: 'FAILED', error }
}
