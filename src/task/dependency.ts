import { createExpressionLanguage, type ExpressionProblem, problemText } from '../expression/expression-language.ts'
import type { Unmet } from './command.ts'
import type { JsonValue } from './json.ts'
import type { DependencyKind } from './new-task.ts'
import { isFinished, type TaskStatus } from './status.ts'
import type { TaskError, TaskState } from './task-state.ts'
import { encodeTypeId } from './type-id.ts'

/** What a dependency needs to know of the task it points at. */
export interface DependencyTarget {
  /** uuid */
  readonly id: string
  readonly status: TaskStatus
  readonly attempt: number
  readonly error: TaskError | null
  /** Only CONDITIONAL looks at it. */
  readonly output?: JsonValue
}

/** What a task needs of another. */
export interface DependencyNeed {
  readonly kind: DependencyKind
  /** CONDITIONAL: the expression that has to hold. */
  readonly condition: string | null
}

/** Whether a task that has ended is what a dependent waited for. */
export type Verdict = { readonly isMet: true } | ({ readonly isMet: false } & Pick<Unmet, 'code' | 'reason'>)

/** What a condition may speak of. */
const CONDITIONS = createExpressionLanguage({
  status: 'string',
  attempt: 'int',
  output: 'dyn',
  error: 'dyn',
})

/** What is wrong with a condition, or null when it can be asked. */
export function problemOfCondition(condition: string): ExpressionProblem | null {
  return CONDITIONS.check(condition)
}

/** Judges a dependency on a task that has ended. */
export function judge(need: DependencyNeed, target: DependencyTarget): Verdict {
  if (!isFinished(target.status)) throw new Error(`Task ${target.id} has not ended: ${target.status}`)
  switch (need.kind) {
    case 'RESOURCE':
      return { isMet: true }
    case 'COMPLETION':
    case 'DATA':
      return target.status === 'COMPLETED'
        ? { isMet: true }
        : { isMet: false, code: 'DEPENDENCY_UNMET', reason: `It depends on ${endOf(target)}.` }
    case 'CONDITIONAL':
      return judgeCondition(need.condition!, target)
  }
}

function judgeCondition(condition: string, target: DependencyTarget): Verdict {
  const { status, attempt, output = null, error } = target
  const answer = CONDITIONS.holds(condition, {
    status,
    attempt: BigInt(attempt),
    output,
    error: error === null ? null : { code: error.code, message: error.message, retryable: error.retryable },
  })
  if (!answer.ok) {
    const reason = `Its condition ${quoted(condition)} on ${endOf(target)}, cannot be judged: ${problemText(answer.problem)}.`
    return { isMet: false, code: 'CONDITION_ERROR', reason }
  }
  if (answer.value) return { isMet: true }
  const reason = `Its condition ${quoted(condition)} does not hold for ${endOf(target)}.`
  return { isMet: false, code: 'CONDITION_NOT_MET', reason }
}

function endOf({ id, status }: Pick<TaskState, 'id' | 'status'>): string {
  return `${encodeTypeId('task', id)}, which ended as ${status}`
}

/** Reasons go into errors and events, which are kept short. */
function quoted(condition: string): string {
  return condition.length <= 500 ? `"${condition}"` : `"${condition.slice(0, 500)}…"`
}
