import { readReaches } from '../../../expression/reaches.ts'
import { conditionText } from '../condition-text.ts'
import type { Condition } from '../definition.ts'
import { isSequence, type Placed, type PlacedScope } from './layout.ts'

/**
 * That a step comes after another beside it. AFTER leads there unless the other was skipped, THEN and ELSE when the CONDITION chose so; TURN,
 * the order of a SEQUENTIAL, only waits.
 */
export interface Edge {
  readonly from: Placed
  readonly kind: 'AFTER' | 'THEN' | 'ELSE' | 'TURN'
}

/** The edges that lead to each step of a scope; names of steps that are not beside it lead nowhere. */
export function edgesOf(scope: PlacedScope): ReadonlyMap<Placed, readonly Edge[]> {
  const edges = new Map<Placed, Edge[]>(scope.steps.map((placed) => [placed, []]))
  for (const from of scope.steps) {
    if (from.step.type !== 'CONDITION') continue
    for (const kind of ['THEN', 'ELSE'] as const)
      for (const id of (kind === 'THEN' ? from.step.then : from.step.else) ?? []) {
        const to = scope.byId.get(id)
        if (to !== undefined) edges.get(to)!.push({ from, kind })
      }
  }
  for (const [place, to] of scope.steps.entries()) {
    const known = edges.get(to)!
    const drawn = new Set(known.map(({ from }) => from))
    const draw = (from: Placed | undefined, kind: Edge['kind']) => {
      if (from === undefined || drawn.has(from)) return
      drawn.add(from)
      known.push({ from, kind })
    }
    for (const id of to.step.after ?? []) draw(scope.byId.get(id), 'AFTER')
    if (isSequence(scope)) draw(scope.steps[place - 1], 'TURN')
  }
  return edges
}

/** Cycles of one scope that are told. */
const MAX_CYCLES = 20

/** The steps of a scope, each after all that it comes after; and each group that waits for itself, in the order of its waiting. */
export interface Order {
  readonly sorted: readonly Placed[]
  readonly cycles: readonly (readonly Placed[])[]
}

export function orderOf(scope: PlacedScope, edges: ReadonlyMap<Placed, readonly Edge[]>): Order {
  const state = new Map<Placed, 'open' | 'done'>()
  const sorted: Placed[] = []
  const cycles: (readonly Placed[])[] = []
  for (const start of scope.steps) {
    const stack: { placed: Placed; next: number }[] = []
    const enter = (placed: Placed) => {
      state.set(placed, 'open')
      stack.push({ placed, next: 0 })
    }
    if (!state.has(start)) enter(start)
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const edge = edges.get(top.placed)![top.next++]
      if (edge === undefined) {
        state.set(top.placed, 'done')
        sorted.push(top.placed)
        stack.pop()
      } else if (state.get(edge.from) === 'open') {
        if (cycles.length === MAX_CYCLES) continue
        const from = stack.findIndex(({ placed }) => placed === edge.from)
        cycles.push(stack.slice(from).map(({ placed }) => placed))
      } else if (!state.has(edge.from)) enter(edge.from)
    }
  }
  return { sorted, cycles }
}

/** What a condition says whatever the run is; undefined when it depends. */
export function constantTruth(condition: Condition | undefined): boolean | undefined {
  if (condition === undefined) return undefined
  const read = readReaches(conditionText(condition))
  return read.ok && typeof read.constant === 'boolean' ? read.constant : undefined
}
