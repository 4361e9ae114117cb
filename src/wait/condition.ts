import { createExpressionLanguage, type Evaluation, type ExpressionProblem } from '../expression/expression-language.ts'
import type { JsonValue } from '../task/json.ts'

/** What a condition may speak of. */
export interface ConditionEvent {
  readonly key: string
  readonly payload: JsonValue
  /** Who sent it; null when nobody is named. */
  readonly sender: string | null
}

const CONDITIONS = createExpressionLanguage({ key: 'string', payload: 'dyn', sender: 'string' })

/** What is wrong with the condition of a wait, or null when it can be asked. */
export function problemOfCondition(condition: string): ExpressionProblem | null {
  return CONDITIONS.check(condition)
}

/** A machine that is too busy cuts off short conditions too, and who misses the event waits for ever: time is given this often. */
const TRIES = 3

/** Whether an event is what a wait with the condition waits for; a problem is neither yes nor no. */
export function holdsFor(condition: string, { key, payload, sender }: ConditionEvent): Evaluation<boolean> {
  const values = { key, payload, sender: sender ?? '' }
  for (let tries = 1; ; tries++) {
    const answer = CONDITIONS.holds(condition, values)
    if (answer.ok || answer.problem.kind !== 'TIME' || tries === TRIES) return answer
  }
}
