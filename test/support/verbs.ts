import type { EndAttempt } from '../../src/engine/attempt-end.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { ACTOR, addWorker, type TestEngine } from './engine.ts'
import { BOOM } from './task-samples.ts'

/** The verbs in the short form that tests need, for one worker that serves `work` and `other`. */
export interface Verbs {
  readonly workerId: string
  /** Makes tasks or throws; answers with their ids. */
  create(...tasks: Partial<NewTask>[]): Promise<string[]>
  /** One plain task. */
  createOne(task?: Partial<NewTask>): Promise<string>
  claim(limit?: number, types?: readonly string[]): Promise<readonly ClaimedTask[]>
}

export async function verbsOf(engine: TestEngine): Promise<Verbs> {
  const workerId = await addWorker(engine, ['work', 'other'])
  const create = async (...tasks: Partial<NewTask>[]): Promise<string[]> => {
    const whole = tasks.map((task) => ({ name: 'a', type: 'work', ...task }))
    const created = await createTasks(engine, ACTOR, { tasks: whole })
    if (!created.ok) throw new Error(JSON.stringify(created.refusal))
    return [...created.value.taskIds]
  }
  return {
    workerId,
    create,
    createOne: async (task = {}) => (await create(task))[0]!,
    claim: (limit = 100, types = ['work']) =>
      claimTasks(engine, { tenant: ACTOR.tenant, workerId, queue: 'default', types, limit }).then(({ tasks }) => tasks),
  }
}

type Held = Pick<ClaimedTask, 'id' | 'epoch'>

export function completing({ id, epoch }: Held, output: string | null = null): EndAttempt {
  return { taskId: id, epoch, end: { kind: 'complete', output } }
}

export function failingEnd({ id, epoch }: Held, retryable = true): EndAttempt {
  return { taskId: id, epoch, end: { kind: 'fail', outcome: 'FAILED', error: { ...BOOM, retryable } } }
}

export function releasing({ id, epoch }: Held): EndAttempt {
  return { taskId: id, epoch, end: { kind: 'release', reason: null, delayMs: 0 } }
}

export function parkingEnd({ id, epoch }: Held, until: Date | null, waitKey: string | null = null): EndAttempt {
  return { taskId: id, epoch, end: { kind: 'park', park: { until, waitKey } } }
}
