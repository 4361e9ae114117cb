import type { StepPath } from './run-state.ts'

/** Path of a step in a scope. */
export function stepPath(scope: StepPath, id: string): StepPath {
  return scope === '' ? id : `${scope}.${id}`
}

/** Path of an iteration of a LOOP or MAP. */
export function iterationPath(container: StepPath, index: number): StepPath {
  return `${container}[${index}]`
}

/** What a path stands in: that of `each[3].test` is `each[3]`, whose own is `each`, whose own is the run. */
export function parentPath(path: StepPath): StepPath {
  if (path.endsWith(']')) return path.slice(0, path.lastIndexOf('['))
  return path.slice(0, Math.max(path.lastIndexOf('.'), 0))
}

/** Whether a path lies below another, at any depth. */
export function isBelow(path: StepPath, above: StepPath): boolean {
  if (above === '') return path !== ''
  if (!path.startsWith(above)) return false
  const next = path[above.length]
  return next === '.' || next === '['
}

/** The iterations that hold a path, outermost first: of `a[3].b[0].c`, 3 and 0. */
export function iterationsOf(path: StepPath): readonly number[] {
  return path.includes('[') ? Array.from(path.matchAll(/\[(\d+)\]/g), ([, index]) => Number(index)) : []
}
