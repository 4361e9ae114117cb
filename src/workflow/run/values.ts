import type { JsonValue } from '../../task/json.ts'
import type { References } from '../definition/workflow-language.ts'
import type { Draft } from './draft.ts'
import { iterationPath, parentPath, stepPath } from './path.ts'
import type { PlannedScope } from './plan.ts'
import type { StepPath, StepRun } from './run-state.ts'

/** Where an expression stands: it sees the steps of this scope, and of those around it. */
export interface Place {
  /** Path of the run, container or iteration. */
  readonly path: StepPath
  readonly scope: PlannedScope
}

type Values = Record<string, unknown>

/** What is true only where the expression stands, such as `event`. */
export type Extra = Readonly<Record<string, JsonValue>>

/** Where the expressions of a step stand. */
export function placeOf(draft: Draft, row: StepRun): Place {
  return { path: parentPath(row.path), scope: draft.planned(row).scope }
}

/** Values of the variables that an expression speaks of; undefined: some have to be read first. */
export function valuesFor(draft: Draft, place: Place, references: References, extra: Extra): Values | undefined {
  const values: Values = { ...extra }
  let isComplete = true
  const set = (name: string, value: unknown) => {
    if (value === undefined) isComplete = false
    else values[name] = value
  }
  const { variables } = references
  if (variables.has('input')) set('input', draft.input())
  if (variables.has('context')) set('context', draft.plan.definition.context ?? {})
  if (variables.has('run')) set('run', runValue(draft))
  if (variables.has('steps')) set('steps', stepsValue(draft, place, references.steps))
  for (const [name, find] of Object.entries(OF_ITERATIONS)) {
    if (!variables.has(name) || name in extra) continue
    const iteration = iterationAround(
      place,
      name === 'item' ? ['MAP'] : name === 'previous' ? ['LOOP'] : ['MAP', 'LOOP'],
    )
    if (iteration !== null) set(name, find(draft, iteration))
  }
  return isComplete ? values : undefined
}

function runValue({ run }: Draft): JsonValue {
  const { id, startedAt, attempt, workflow, version } = run
  return { id, startedAt: startedAt?.toISOString() ?? null, attempt, workflow, version }
}

function stepsValue(draft: Draft, place: Place, ids: ReadonlySet<string> | null): Values | undefined {
  const values: Values = {}
  let isComplete = true
  for (const [id, path] of visiblePaths(draft, place, ids)) {
    const row = draft.look(path)
    if (row === undefined) isComplete = false
    else values[id] = stepValue(row)
  }
  return isComplete ? values : undefined
}

function stepValue(row: StepRun | null): Values {
  if (row === null) return { status: 'PENDING' }
  const { status, output, error } = row
  return {
    status,
    ...(status === 'COMPLETED' ? { output: output ?? null } : {}),
    ...(error === null ? {} : { error: { code: error.code, message: error.message } }),
  }
}

/** Paths of the steps that stand in a scope or in one around it, by their ids: of those named, or of all. */
function* visiblePaths(draft: Draft, place: Place, ids: ReadonlySet<string> | null): Iterable<[string, StepPath]> {
  for (let around: Place | null = place; around !== null; around = placeAround(around)) {
    if (ids === null) {
      for (const { id } of around.scope.steps) yield [id, stepPath(around.path, id)]
      continue
    }
    for (const id of ids) {
      if (draft.plan.steps.get(id)?.scope === around.scope) yield [id, stepPath(around.path, id)]
    }
  }
}

function placeAround({ path, scope: { holder } }: Place): Place | null {
  if (holder === null) return null
  const container = path.endsWith(']') ? parentPath(path) : path
  return { path: parentPath(container), scope: holder.scope }
}

interface Iteration {
  readonly container: StepPath
  readonly index: number
}

/** The innermost iteration, of a step of these types, that a place is in. */
function iterationAround(place: Place, types: readonly string[]): Iteration | null {
  for (let around: Place | null = place; around !== null; around = placeAround(around)) {
    const { holder } = around.scope
    if (holder === null || !types.includes(holder.step.type)) continue
    const container = parentPath(around.path)
    return { container, index: Number(around.path.slice(container.length + 1, -1)) }
  }
  return null
}

/** What an iteration has; undefined: it has to be read first. */
const OF_ITERATIONS: Readonly<Record<string, (draft: Draft, iteration: Iteration) => JsonValue | undefined>> = {
  index: (_, { index }) => index,
  item: (draft, { container, index }) => {
    const path = iterationPath(container, index)
    const row = draft.get(path)
    if (row?.input !== undefined) return row.input
    const read = draft.read(path)
    return read === null ? null : read?.input
  },
  previous: (draft, { container, index }) => {
    if (index === 0) return null
    const row = draft.look(iterationPath(container, index - 1))
    return row === undefined ? undefined : (row?.output ?? null)
  },
}
