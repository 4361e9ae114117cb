import type { TaskCommand } from '../task/command.ts'
import { accepted, type Result, refusedWith } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { completeTasks, type Success } from '../task/store/complete-tasks.ts'
import { lockTasks } from '../task/store/lock-tasks.ts'
import type { TaskState } from '../task/task-state.ts'
import { transition } from '../task/transition.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import type { AttemptEnded, EndAttempt } from './attempt-end.ts'
import { acceptRepeats, misfitsOf } from './check-ends.ts'
import { notFound } from './command-task.ts'
import type { Decision } from './decision.ts'
import type { Actor, Engine } from './engine.ts'
import { findEarlierAnswers, lockKeysToLookBack } from './look-back.ts'
import { transact } from './transact.ts'

const NOBODY: ReadonlyMap<string, TaskState> = new Map()

/**
 * Ends attempts, of any number of tasks, in one transaction: success, failure with its retry, release or park.
 *
 * Successes, which most ends are, are written without being read; what is left is decided one by one.
 *
 * @returns one answer for each, in order; a stale lease refuses its own end only
 */
export async function endAttempts(
  engine: Engine & { readonly schemas?: SchemaCheck },
  actor: Actor,
  ends: readonly EndAttempt[],
): Promise<Result<AttemptEnded>[]> {
  if (ends.length === 0) return []
  const { answers, applied } = await transact(
    engine,
    async (client): Promise<{ answers: Result<AttemptEnded>[]; applied: Applied | null }> => {
      // Before any task: see lockKeys.
      await lockKeysToLookBack(client, actor.tenant, ends)
      const successes = await completeTasks(client, actor.tenant, plainSuccesses(ends))
      const completed = new Map(successes.completed.map((task) => [task.id, task]))
      const rest = ends.filter(({ taskId }) => !completed.has(taskId))
      const { tasks, now } =
        rest.length === 0 ? { tasks: NOBODY, now: successes.now } : await lockTasks(client, actor.tenant, idsOf(rest))
      // Two ends of one task in a batch: the second meets what the first made of it.
      const current = new Map(tasks)
      const misfits = await misfitsOf(client, engine.schemas, tasks, ends)
      const earlier = await findEarlierAnswers(client, actor.tenant, tasks, ends)
      const decisions: Decision[] = []
      const answers = ends.map((end): Result<AttemptEnded> => {
        const success = completed.get(end.taskId)
        if (success !== undefined)
          return accepted({ taskId: success.id, version: success.version, status: 'COMPLETED' })
        const before = current.get(end.taskId)
        if (before === undefined) return refusedWith(notFound(end.taskId))
        if (!isOwn(before, end)) return refusedWith(staleLease(before, end.epoch))
        const misfit = misfits.get(end)
        if (misfit !== undefined && before.epoch === end.epoch) return refusedWith(misfit)
        const answeredBy = earlier.get(end)
        const decided = transition(before, commandOf(end, answeredBy), now, Math.random())
        if (decided.kind === 'refused') return refusedWith(staleLease(before, end.epoch))
        current.set(end.taskId, decided.state)
        decisions.push(decisionOf(before, decided, end, answeredBy))
        return accepted({ taskId: end.taskId, version: decided.state.version, status: decided.state.status })
      })
      await acceptRepeats(client, actor.tenant, ends, answers)
      if (completed.size === 0 && decisions.length === 0) return { answers, applied: null }
      const written = { tenant: actor.tenant, completed: successes.completed }
      const applied = await applyDecisions(client, actor.name, now, decisions, written)
      return { answers, applied }
    },
  )
  // The worker that ended its attempts knows; nobody's lease was taken away.
  if (applied !== null) ringBells(engine, { ...applied, hasRevoked: false })
  return answers
}

/** Successes of this process, whose outputs were checked where they were made, of tasks that the batch names once. */
function plainSuccesses(ends: readonly EndAttempt[]): Success[] {
  const times = new Map<string, number>()
  for (const { taskId } of ends) times.set(taskId, (times.get(taskId) ?? 0) + 1)
  return ends.flatMap(({ taskId, epoch, end, workerId, usage }) =>
    workerId === undefined && end.kind === 'complete' && times.get(taskId) === 1
      ? [{ taskId, epoch, output: end.output, usage }]
      : [],
  )
}

function idsOf(ends: readonly EndAttempt[]): string[] {
  return [...new Set(ends.map(({ taskId }) => taskId))]
}

/** A worker over the graph may only end what is leased to itself; epochs can be guessed. */
function isOwn(task: TaskState, { workerId }: EndAttempt): boolean {
  return workerId === undefined || task.workerId === workerId
}

function commandOf({ end, epoch }: EndAttempt, answeredBy?: string): TaskCommand {
  switch (end.kind) {
    case 'complete':
      return { kind: 'complete', epoch }
    case 'fail':
      return { kind: 'fail', epoch, outcome: end.outcome, error: end.error }
    case 'release':
      return { kind: 'release', epoch, reason: end.reason, delayMs: end.delayMs }
    case 'park':
      return { kind: 'park', epoch, park: end.park, ...(answeredBy !== undefined && { answeredBy }) }
  }
}

function decisionOf(
  before: TaskState,
  decided: Decision['transition'],
  { end, usage }: EndAttempt,
  answeredBy?: string,
): Decision {
  return {
    before,
    transition: decided,
    output: end.kind === 'complete' ? end.output : null,
    ...(usage && { usage }),
    ...(end.kind === 'park' && { park: { ...end.park, ...(answeredBy !== undefined && { answeredBy }) } }),
  }
}

export function staleLease(task: TaskState, epoch: number) {
  return { code: 'STALE_LEASE', taskId: task.id, epoch, currentEpoch: task.epoch, status: task.status } as const
}
