import type { FailureOutcome, TaskCommand } from '../task/command.ts'
import { accepted, type Result, refusedWith } from '../task/refusal.ts'
import type { AttemptUsage } from '../task/store/attempts.ts'
import { completeTasks, type Success } from '../task/store/complete-tasks.ts'
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

export type EndAnswer = Result<{ taskId: string; version: number }>

/**
 * Ends attempts, of any number of tasks, in one transaction: success, failure with its retry, release or park.
 *
 * Successes, which most ends are, are written without being read; what is left is decided one by one.
 *
 * @returns one answer for each, in order; a stale lease refuses its own end only
 */
export async function endAttempts(engine: Engine, actor: Actor, ends: readonly EndAttempt[]): Promise<EndAnswer[]> {
  if (ends.length === 0) return []
  const { answers, applied } = await transact(
    engine,
    async (client): Promise<{ answers: EndAnswer[]; applied: Applied | null }> => {
      const successes = await completeTasks(client, actor.tenant, plainSuccesses(ends))
      const completed = new Map(successes.completed.map((task) => [task.id, task]))
      const rest = ends.filter(({ taskId }) => !completed.has(taskId))
      const { tasks, now } =
        rest.length === 0 ? { tasks: [], now: successes.now } : await lockTasks(client, actor.tenant, idsOf(rest))
      // Two ends of one task in a batch: the second meets what the first made of it.
      const current = new Map(tasks)
      const decisions: Decision[] = []
      const answers = ends.map((end): EndAnswer => {
        const success = completed.get(end.taskId)
        if (success !== undefined) return accepted({ taskId: success.id, version: success.version })
        const before = current.get(end.taskId)
        if (before === undefined) return refusedWith(notFound(end.taskId))
        const decided = transition(before, commandOf(end), now, Math.random())
        if (decided.kind === 'refused') return refusedWith(staleLease(before, end.epoch))
        current.set(end.taskId, decided.state)
        decisions.push(decisionOf(before, decided, end))
        return accepted({ taskId: end.taskId, version: decided.state.version })
      })
      if (completed.size === 0 && decisions.length === 0) return { answers, applied: null }
      const usages = new Map(ends.map(({ taskId, usage }) => [taskId, usage]))
      const applied = await applyDecisions(client, actor.name, now, decisions, {
        tenant: actor.tenant,
        at: successes.now,
        completed: successes.completed,
        usageOf: (taskId) => usages.get(taskId),
      })
      return { answers, applied }
    },
  )
  // The worker that ended its attempts knows; nobody's lease was taken away.
  if (applied !== null) ringBells(engine, { ...applied, hasRevoked: false })
  return answers
}

/** Successes of tasks that the batch names once. */
function plainSuccesses(ends: readonly EndAttempt[]): Success[] {
  const times = new Map<string, number>()
  for (const { taskId } of ends) times.set(taskId, (times.get(taskId) ?? 0) + 1)
  return ends.flatMap(({ taskId, epoch, end }) =>
    end.kind === 'complete' && times.get(taskId) === 1 ? [{ taskId, epoch, output: end.output }] : [],
  )
}

function idsOf(ends: readonly EndAttempt[]): string[] {
  return [...new Set(ends.map(({ taskId }) => taskId))]
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
