import { parentPath } from '../../workflow/run/path.ts'
import { hasEnded, type StepPath, type StepRun } from '../../workflow/run/run-state.ts'

/**
 * The steps of a run without those in iterations too many to show: of each LOOP or MAP those stay that are open, then those that failed,
 * then the latest.
 *
 * @param most iterations of one LOOP or MAP
 */
export function someIterations(
  steps: ReadonlyMap<StepPath, StepRun>,
  most: number,
): { readonly rows: ReadonlyMap<StepPath, StepRun>; readonly isComplete: boolean } {
  const iterations = [...steps.values()].filter(({ type }) => type === 'ITERATION')
  const dropped = new Set<StepPath>()
  for (const siblings of Map.groupBy(iterations, ({ path }) => parentPath(path)).values()) {
    if (siblings.length <= most) continue
    const byInterest = siblings.toSorted((a, b) => interestOf(a) - interestOf(b) || b.index! - a.index!)
    for (const { path } of byInterest.slice(most)) dropped.add(path)
  }
  if (dropped.size === 0) return { rows: steps, isComplete: true }
  return { rows: new Map([...steps].filter(([path]) => !isIn(path, dropped))), isComplete: false }
}

function interestOf(step: StepRun): number {
  if (!hasEnded(step)) return 0
  return step.status === 'FAILED' ? 1 : 2
}

function isIn(path: StepPath, dropped: ReadonlySet<StepPath>): boolean {
  for (let at = path; at !== ''; at = parentPath(at)) if (dropped.has(at)) return true
  return false
}
