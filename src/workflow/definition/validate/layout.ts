import type { Compensation, Step, WorkflowDefinition } from '../definition.ts'
import type { ProblemPath } from '../problem.ts'

/** A step with its place. */
export interface Placed {
  readonly step: Step
  readonly path: ProblemPath
  /** Number of the step in the order of the document, from 0; an outer one before what it holds. */
  readonly number: number
  readonly scope: PlacedScope
  /** What it holds. */
  readonly inner: PlacedScope | null
}

/** Steps that stand beside each other. */
export interface PlacedScope {
  /** null: the run. */
  readonly holder: Placed | null
  readonly steps: readonly Placed[]
  readonly byId: ReadonlyMap<string, Placed>
}

/** The steps of a definition, each where it stands. */
export interface Layout {
  readonly definition: WorkflowDefinition
  readonly root: PlacedScope
  /** In the order of the document. */
  readonly all: readonly Placed[]
  /** The first of each id; compensations are not among them. */
  readonly byId: ReadonlyMap<string, Placed>
}

export interface PlacedCompensation {
  readonly step: Compensation
  readonly path: ProblemPath
  /** What it undoes. */
  readonly of: Placed
}

type Building<T> = { -readonly [Key in keyof T]: T[Key] }

export function layOut(definition: WorkflowDefinition): Layout {
  const all: Placed[] = []
  const root = layScope(definition.steps, null, ['steps'], all)
  return { definition, root, all, byId: firstById(all) }
}

export function compensationOf(placed: Placed): PlacedCompensation | null {
  const { compensate } = placed.step
  return compensate === undefined ? null : { step: compensate, path: [...placed.path, 'compensate'], of: placed }
}

export function isSequence({ holder }: PlacedScope): boolean {
  return holder?.step.type === 'SEQUENTIAL'
}

/** The steps that hold a scope, the innermost first. */
export function* holdersOf(scope: PlacedScope): Iterable<Placed> {
  for (let { holder } = scope; holder !== null; holder = holder.scope.holder) yield holder
}

function layScope(steps: readonly Step[], holder: Placed | null, path: ProblemPath, all: Placed[]): PlacedScope {
  const scope: Building<PlacedScope> = { holder, steps: [], byId: new Map() }
  scope.steps = steps.map((step, at) => {
    const placed: Building<Placed> = { step, path: [...path, at], number: all.length, scope, inner: null }
    all.push(placed)
    if ('steps' in step) placed.inner = layScope(step.steps, placed, [...placed.path, 'steps'], all)
    return placed
  })
  scope.byId = firstById(scope.steps)
  return scope
}

function firstById(steps: readonly Placed[]): ReadonlyMap<string, Placed> {
  return new Map(steps.toReversed().map((placed) => [placed.step.id, placed]))
}
