import type { NewTask } from './new-task.ts'

/** The tasks' positions so that each comes after those it depends on, or the local keys along a cycle. */
export type DependencyOrder =
  | { readonly kind: 'ordered'; readonly positions: readonly number[] }
  | { readonly kind: 'cycle'; readonly cycle: readonly string[] }

/**
 * Orders the tasks of one call by the dependencies between them; the given order is kept where they allow it.
 *
 * Takes time in proportion to tasks and dependencies, and no recursion, so chains of any length are fine.
 *
 * @see https://en.wikipedia.org/wiki/Topological_sorting#Kahn's_algorithm
 */
export function orderByDependency(tasks: readonly NewTask[]): DependencyOrder {
  const positionOf = new Map(
    tasks.flatMap((task, index) => (task.key === undefined ? [] : [[task.key, index] as const])),
  )
  const sources = tasks.map((task) => localSources(task, positionOf))
  const open = sources.map((list) => list.length)
  const dependents = tasks.map((): number[] => [])
  for (const [index, list] of sources.entries()) for (const source of list) dependents[source]!.push(index)

  const positions = open.flatMap((count, index) => (count === 0 ? [index] : []))
  for (let next = 0; next < positions.length; next++) {
    for (const dependent of dependents[positions[next]!]!) {
      open[dependent]! -= 1
      if (open[dependent] === 0) positions.push(dependent)
    }
  }
  if (positions.length === tasks.length) return { kind: 'ordered', positions }
  return { kind: 'cycle', cycle: findCycle(tasks, sources, open) }
}

function localSources(task: NewTask, positionOf: ReadonlyMap<string, number>): number[] {
  return (task.dependsOn ?? []).flatMap(({ key }) => {
    const position = key === undefined ? undefined : positionOf.get(key)
    return position === undefined ? [] : [position]
  })
}

/** Every task that is still open waits for another open one: following those must come round. */
function findCycle(tasks: readonly NewTask[], sources: readonly number[][], open: readonly number[]): string[] {
  const walked: number[] = []
  const placeOf = new Map<number, number>()
  let at = open.findIndex((count) => count > 0)
  while (!placeOf.has(at)) {
    placeOf.set(at, walked.length)
    walked.push(at)
    at = sources[at]!.find((source) => open[source]! > 0)!
  }
  const cycle = [...walked.slice(placeOf.get(at)), at]
  return cycle.map((position) => tasks[position]!.key ?? `#${position}`)
}
