import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { isFinished } from '../task/status.ts'
import { transition } from '../task/transition.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import { illegal, notFound } from './command-task.ts'
import type { Decision } from './decision.ts'
import type { Actor, Engine } from './engine.ts'
import { lockCascade, type Reach } from './lock-cascade.ts'
import { transact } from './transact.ts'

export interface CancelTask {
  /** uuid */
  readonly taskId: string
  readonly reason?: string
  /** What is cancelled with it. Dependents that are left out settle by their own rule. */
  readonly cascade?: Reach
  readonly expectedVersion?: number
}

/** The task and its parts. */
const WITH_PARTS: Reach = { children: true, dependents: false }

/**
 * Cancels a task that has not finished, and what hangs on it as far as asked. A running handler gets its abort signal;
 * whatever it still reports is refused as stale.
 *
 * @returns the ids of all tasks that were cancelled, the named one first
 */
export async function cancelTask(
  engine: Engine,
  actor: Actor,
  input: CancelTask,
): Promise<Result<{ taskIds: string[] }>> {
  const outcome = await transact(
    engine,
    async (client): Promise<{ refusal: Refusal } | { taskIds: string[]; applied: Applied }> => {
      const { tasks, now } = await lockCascade(client, actor.tenant, [input.taskId], input.cascade ?? WITH_PARTS)
      const root = tasks.get(input.taskId)
      if (root === undefined) return { refusal: notFound(input.taskId) }
      if (input.expectedVersion !== undefined && input.expectedVersion !== root.version) {
        return {
          refusal: { code: 'VERSION_CONFLICT', taskId: root.id, expected: input.expectedVersion, actual: root.version },
        }
      }
      const command = { kind: 'cancel', reason: input.reason ?? null } as const
      const open = [root, ...[...tasks.values()].filter((task) => task !== root && !isFinished(task.status))]
      const decisions = open.flatMap((before): Decision[] => {
        const decided = transition(before, command, now, Math.random())
        return decided.kind === 'refused' ? [] : [{ before, transition: decided }]
      })
      if (decisions[0]?.before !== root) return { refusal: illegal(root, command) }
      const applied = await applyDecisions(client, actor.name, now, decisions)
      return { taskIds: decisions.map(({ before }) => before.id), applied }
    },
  )
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, outcome.applied)
  return accepted({ taskIds: outcome.taskIds })
}
