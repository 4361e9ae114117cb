import type { ClientBase } from 'pg'
import type { TaskCommand } from '../task/command.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { lockTasks } from '../task/store/lock-tasks.ts'
import type { TaskState } from '../task/task-state.ts'
import { transition } from '../task/transition.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

/** A command from outside for one task. */
export interface TaskOrder {
  /** uuid */
  readonly taskId: string
  readonly command: TaskCommand
  /** Refuse when the task has changed since the caller saw it. */
  readonly expectedVersion?: number
  /** Writes that belong to the command but not to the state machine; runs under the lock, before the events. */
  readonly writeAlong?: (client: ClientBase, now: Date) => Promise<void>
}

/**
 * Carries out a command for one task in one transaction: lock, decide, write, announce.
 *
 * @returns the task's new version, or why nothing has changed
 */
export async function commandTask(
  engine: Engine,
  actor: Actor,
  order: TaskOrder,
): Promise<Result<{ taskId: string; version: number }>> {
  const outcome = await transact(
    engine,
    async (client): Promise<{ refusal: Refusal } | { version: number; applied: Applied }> => {
      const { tasks, now } = await lockTasks(client, actor.tenant, [order.taskId])
      const before = tasks.get(order.taskId)
      const refusal = refuse(order, before)
      if (refusal !== null || before === undefined) return { refusal: refusal ?? notFound(order.taskId) }
      const decided = transition(before, order.command, now, Math.random())
      if (decided.kind === 'refused') return { refusal: illegal(before, order.command) }
      await order.writeAlong?.(client, now)
      const applied = await applyDecisions(client, actor.name, now, [{ before, transition: decided }])
      return { version: decided.state.version, applied }
    },
  )
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, outcome.applied)
  return accepted({ taskId: order.taskId, version: outcome.version })
}

export function notFound(taskId: string): Refusal {
  return { code: 'NOT_FOUND', what: 'task', id: taskId, path: ['id'] }
}

export function illegal(task: TaskState, command: TaskCommand): Refusal {
  return { code: 'ILLEGAL_TRANSITION', taskId: task.id, from: task.status, command: command.kind }
}

function refuse(order: TaskOrder, task: TaskState | undefined): Refusal | null {
  if (task === undefined) return notFound(order.taskId)
  const { expectedVersion } = order
  if (expectedVersion === undefined || expectedVersion === task.version) return null
  return { code: 'VERSION_CONFLICT', taskId: task.id, expected: expectedVersion, actual: task.version }
}
