import { setImmediate as yieldToOthers } from 'node:timers/promises'
import { problemText } from '../expression/expression-language.ts'
import { type ConditionEvent, holdsFor } from './condition.ts'
import type { OpenWait } from './wait.ts'

/** A wait whose condition gave no answer. */
export interface FailedCondition {
  readonly wait: OpenWait
  readonly problem: string
}

export interface MatchedWaits {
  readonly matching: readonly OpenWait[]
  readonly failed: readonly FailedCondition[]
}

/** Conditions that are judged before others get their turn; the longest takes half a second. */
const AT_ONCE = 100

/** Which waits an event answers. Waits with the same condition are judged once. */
export async function matchWaits(event: ConditionEvent, waits: readonly OpenWait[]): Promise<MatchedWaits> {
  const judged = new Map<string, ReturnType<typeof holdsFor>>()
  const matching: OpenWait[] = []
  const failed: FailedCondition[] = []
  for (const wait of waits) {
    if (wait.condition === null) {
      matching.push(wait)
      continue
    }
    let answer = judged.get(wait.condition)
    if (answer === undefined) {
      answer = holdsFor(wait.condition, event)
      judged.set(wait.condition, answer)
      if (judged.size % AT_ONCE === 0) await yieldToOthers()
    }
    if (!answer.ok) failed.push({ wait, problem: problemText(answer.problem) })
    else if (answer.value) matching.push(wait)
  }
  return { matching, failed }
}
