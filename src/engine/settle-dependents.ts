import type { Unmet } from '../task/command.ts'
import { judge, type Verdict } from '../task/dependency.ts'
import type { JsonValue } from '../task/json.ts'
import { isFinished } from '../task/status.ts'
import type { OpenDependency, SettledDependency } from '../task/store/dependencies.ts'
import type { TaskState } from '../task/task-state.ts'
import { transition } from '../task/transition.ts'
import type { Decision } from './decision.ts'

/** A task that has ended, as far as those that wait for it need to know. */
export type Ended = Pick<TaskState, 'id' | 'status' | 'attempt' | 'error'>

/** What is known, under locks, when some tasks have ended. */
export interface Ending {
  /** The tasks that have ended, by id. */
  readonly ended: ReadonlyMap<string, Ended>
  /** Their outputs, by id, where a condition asks for them. */
  readonly outputs: ReadonlyMap<string, JsonValue>
  /** Dependencies on them and on what may end with them. */
  readonly open: readonly OpenDependency[]
  /** The dependents, by id. */
  readonly waiting: ReadonlyMap<string, TaskState>
  /** Ids of dependents whose inputs cannot take the outputs that they wait for. */
  readonly overfull: ReadonlySet<string>
}

export interface Settling {
  readonly settled: readonly SettledDependency[]
  /** One for each dependent, however many of its dependencies have settled. */
  readonly decisions: readonly Decision[]
  /** The dependents that ended in turn, by id. */
  readonly ended: ReadonlyMap<string, TaskState>
}

type Judged = OpenDependency & { readonly verdict: Verdict }

/** What the end of some tasks means for those that waited for them, and for those that waited for these, as far as they are known. */
export function decideDependents(ending: Ending, now: Date): Settling {
  const openOf = Map.groupBy(ending.open, ({ dependsOnId }) => dependsOnId)
  const current = new Map(ending.waiting)
  const decisions = new Map<string, Decision>()
  const settled: SettledDependency[] = []
  const ended = new Map<string, TaskState>()
  for (let wave = ending.ended; wave.size > 0; ) {
    const judged = [...wave.values()].flatMap((target) => judgeAll(target, openOf.get(target.id) ?? [], ending))
    settled.push(...judged.map(({ verdict, ...dependency }) => ({ ...dependency, isMet: verdict.isMet })))
    const next = new Map<string, TaskState>()
    for (const [taskId, list] of Map.groupBy(judged, (dependency) => dependency.taskId)) {
      const before = current.get(taskId)!
      const isLast = before.waitingOn === list.length
      const unmet = firstUnmet(list) ?? (isLast && ending.overfull.has(taskId) ? OVERFULL : null)
      // Chance plays no part in settling.
      const outcome = transition(before, { kind: 'settle', settled: list.length, unmet }, now, 0)
      if (outcome.kind === 'refused') continue
      current.set(taskId, outcome.state)
      decisions.set(taskId, joined(decisions.get(taskId), { before, transition: outcome }))
      if (isFinished(outcome.state.status) && !isFinished(before.status)) next.set(taskId, outcome.state)
    }
    for (const [id, state] of next) ended.set(id, state)
    wave = next
  }
  return { settled, decisions: [...decisions.values()], ended }
}

function judgeAll(target: Ended, open: readonly OpenDependency[], { outputs, waiting }: Ending): Judged[] {
  const withOutput = { ...target, output: outputs.get(target.id) ?? null }
  return open
    .filter(({ taskId }) => waiting.has(taskId))
    .map((dependency) => ({ ...dependency, verdict: judge(dependency, withOutput) }))
}

function firstUnmet(judged: readonly Judged[]): Unmet | null {
  for (const { verdict, onUnmet } of judged) {
    if (!verdict.isMet) return { rule: onUnmet, code: verdict.code, reason: verdict.reason }
  }
  return null
}

const OVERFULL: Unmet = {
  rule: 'FAIL',
  code: 'MERGED_INPUT_TOO_LARGE',
  reason:
    'Its input would take more than 1 MB with the outputs of its DATA dependencies; pass large content by reference.',
}

/** Two settlements of one task: it moves once at most, and the last word on its counts is the later one. */
function joined(earlier: Decision | undefined, later: Decision): Decision {
  if (earlier === undefined) return later
  const { before } = earlier
  if (later.transition.kind === 'moved' || earlier.transition.kind === 'kept') return { ...later, before }
  return { before, transition: { ...earlier.transition, state: later.transition.state } }
}
