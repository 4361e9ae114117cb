import { newRow } from './add-step.ts'
import type { Draft, Holder } from './draft.ts'
import { isBelow, parentPath, stepPath } from './path.ts'
import type { StepRun } from './run-state.ts'

/**
 * Sets out to undo the latest completion in a scope that was not undone yet; its end brings the next, see `settle`.
 *
 * @returns NONE when all is undone; MISSING when rows have to be read first
 */
export function undoLatest(draft: Draft, holder: Holder): 'BEGUN' | 'NONE' | 'MISSING' {
  const undone = latestCompletion(draft, holder)
  if (undone === undefined) return 'MISSING'
  if (undone === null) return 'NONE'
  holder.undoneTo = undone.completion
  draft.put({ ...undone, completion: null })
  const { id, step, order } = draft.planned(undone).compensation!
  const path = stepPath(parentPath(undone.path), id)
  draft.put(newRow({ path, stepId: id, type: step.type, holder: holder.path }))
  draft.agenda.add(path, order)
  return 'BEGUN'
}

/** Larger than any completion's number, and no larger than its column holds. */
const BEYOND_ALL = 2 ** 31 - 1

/** The store knows those before this call, and not which of them were undone in it. */
function latestCompletion(draft: Draft, { path, undoneTo }: Holder): StepRun | null | undefined {
  const before = undoneTo ?? BEYOND_ALL
  let latest: StepRun | null = null
  for (const row of draft.touched()) {
    if (row.completion === null || row.completion >= before || !isBelow(row.path, path)) continue
    if (row.completion > (latest?.completion ?? 0)) latest = row
  }
  for (let limit = before; ; ) {
    const stored = draft.completion(path, limit)
    if (stored === undefined || stored === null) return stored === null ? latest : undefined
    if (draft.get(stored.path) === undefined && !draft.isCleared(stored.path))
      return stored.completion! > (latest?.completion ?? 0) ? stored : latest
    // It stands among those of this call, or was forgotten in it.
    limit = stored.completion!
  }
}
