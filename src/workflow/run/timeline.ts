import { parentPath } from './path.ts'
import type { StepPath, StepRun } from './run-state.ts'

/** A bar of a run's timeline. */
export interface TimelineBar {
  readonly path: StepPath
  readonly type: StepRun['type']
  readonly status: StepRun['status']
  /** How many steps and iterations hold it. */
  readonly depth: number
  readonly startedAt: Date
  /** null: it has not ended. */
  readonly finishedAt: Date | null
}

/** The steps that have started, in the order they did; what holds steps comes before them. */
export function timelineOf(rows: Iterable<StepRun>): readonly TimelineBar[] {
  const bars: TimelineBar[] = []
  for (const { path, type, status, startedAt, finishedAt } of rows) {
    if (startedAt !== null) bars.push({ path, type, status, depth: depthOf(path), startedAt, finishedAt })
  }
  return bars.sort(
    (a, b) => a.startedAt.getTime() - b.startedAt.getTime() || a.path.localeCompare(b.path, 'en', { numeric: true }),
  )
}

function depthOf(path: StepPath): number {
  const holder = parentPath(path)
  return holder === '' ? 0 : 1 + depthOf(holder)
}
