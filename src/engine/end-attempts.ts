import type { FailureOutcome, TaskCommand } from '../task/command.ts'
import { accepted, type Result, refusedWith } from '../task/refusal.ts'
import type { AttemptUsage } from '../task/store/attempts.ts'
import { lockTasks } from '../task/store/lock-tasks.ts'
import type { ParkRequest, TaskError, TaskState } from '../task/task-state.ts'
import { transition } from '../task/transition.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import { notFound } from './command-task.ts'
import type { Decision } from './decision.ts'
import type { Actor, Engine } from './engine.ts'
import { transact } from './transact.ts'

/** How an attempt ended, as its worker tells it. */
export type AttemptEnd =
  /** `output` is JSON text, at most 1 MB, checked against the type's schema; null for none. */
  | { readonly kind: 'complete'; readonly output: string | null }
  | { readonly kind: 'fail'; readonly outcome: FailureOutcome; readonly error: TaskError }
  /** The task goes back to the queue, at once or after `delayMs`. */
  | { readonly kind: 'release'; readonly reason: string | null; readonly delayMs: number }
  | { readonly kind: 'park'; readonly park: ParkRequest }

export interface EndAttempt {
  /** uuid */
  readonly taskId: string
  /** The epoch that the claim gave: with another the end changes nothing. */
  readonly epoch: number
  readonly end: AttemptEnd
  readonly usage?: AttemptUsage
}

/**
 * Ends attempts, of any number of tasks, in one transaction: success, failure with its retry, release or park.
 *
 * @returns one answer for each, in order; a stale lease refuses its own end only
 */
export async function endAttempts(
  engine: Engine,
  actor: Actor,
  ends: readonly EndAttempt[],
): Promise<Result<{ taskId: string; version: number }>[]> {
  if (ends.length === 0) return []
  const { answers, applied } = await transact(
    engine,
    async (client): Promise<{ answers: Result<{ taskId: string; version: number }>[]; applied: Applied | null }> => {
      const { tasks, now } = await lockTasks(client, actor.tenant, [...new Set(ends.map(({ taskId }) => taskId))])
      // Two ends of one task in a batch: the second meets what the first made of it.
      const current = new Map(tasks)
      const decisions: Decision[] = []
      const answers = ends.map((end): Result<{ taskId: string; version: number }> => {
        const before = current.get(end.taskId)
        if (before === undefined) return refusedWith(notFound(end.taskId))
        const decided = transition(before, commandOf(end), now, Math.random())
        if (decided.kind === 'refused') return refusedWith(staleLease(before, end.epoch))
        current.set(end.taskId, decided.state)
        decisions.push(decisionOf(before, decided, end))
        return accepted({ taskId: end.taskId, version: decided.state.version })
      })
      const applied = decisions.length === 0 ? null : await applyDecisions(client, actor.name, now, decisions)
      return { answers, applied }
    },
  )
  // The worker that ended its attempts knows; nobody's lease was taken away.
  if (applied !== null) ringBells(engine, { ...applied, hasRevoked: false })
  return answers
}

function commandOf({ end, epoch }: EndAttempt): TaskCommand {
  switch (end.kind) {
    case 'complete':
      return { kind: 'complete', epoch }
    case 'fail':
      return { kind: 'fail', epoch, outcome: end.outcome, error: end.error }
    case 'release':
      return { kind: 'release', epoch, reason: end.reason, delayMs: end.delayMs }
    case 'park':
      return { kind: 'park', epoch, park: end.park }
  }
}

function decisionOf(before: TaskState, decided: Decision['transition'], { end, usage }: EndAttempt): Decision {
  return {
    before,
    transition: decided,
    output: end.kind === 'complete' ? end.output : null,
    ...(usage && { usage }),
  }
}

export function staleLease(task: TaskState, epoch: number) {
  return { code: 'STALE_LEASE', taskId: task.id, epoch, currentEpoch: task.epoch, status: task.status } as const
}
