import { isMet, unmetReason } from '../task/plan-tasks.ts'
import type { OpenDependency } from '../task/store/dependencies.ts'
import type { TaskState } from '../task/task-state.ts'
import { transition } from '../task/transition.ts'
import type { Decision } from './decision.ts'

/**
 * What the end of some tasks means for those that waited for them.
 *
 * @param ended the tasks that have just ended, by id
 * @param waiting the dependents under their locks, by id
 */
export function decideDependents(
  open: readonly OpenDependency[],
  ended: ReadonlyMap<string, Pick<TaskState, 'id' | 'status'>>,
  waiting: ReadonlyMap<string, TaskState>,
  now: Date,
): { settled: (OpenDependency & { isMet: boolean })[]; decisions: Decision[] } {
  const settled = open.map((dependency) => ({
    ...dependency,
    isMet: isMet(dependency.kind, ended.get(dependency.dependsOnId)!),
  }))
  const decisions = [...Map.groupBy(settled, ({ taskId }) => taskId)].flatMap(([taskId, list]): Decision[] => {
    const before = waiting.get(taskId)
    if (before === undefined) return []
    const broken = list.find((dependency) => !dependency.isMet)
    const unmet = broken ? { rule: broken.onUnmet, reason: unmetReason(ended.get(broken.dependsOnId)!) } : null
    // Chance plays no part in settling.
    const outcome = transition(before, { kind: 'settle', settled: list.length, unmet }, now, 0)
    return outcome.kind === 'refused' ? [] : [{ before, transition: outcome }]
  })
  return { settled, decisions }
}
