import { iterationsOf } from './path.ts'
import type { StepPath } from './run-state.ts'

/** What may go on now: in the order of the definition, then of the iterations. */
export interface Agenda {
  add(path: StepPath, order: number): void
  /** The next, or undefined. */
  take(): StepPath | undefined
}

interface Entry {
  readonly path: StepPath
  readonly order: number
  readonly iterations: readonly number[]
}

/** A binary heap. */
export function createAgenda(): Agenda {
  const heap: Entry[] = []
  return {
    add(path, order) {
      let at = heap.push({ path, order, iterations: iterationsOf(path) }) - 1
      while (at > 0) {
        const above = (at - 1) >> 1
        if (compare(heap[above]!, heap[at]!) <= 0) break
        swap(heap, above, at)
        at = above
      }
    },
    take() {
      const first = heap[0]
      const last = heap.pop()
      if (heap.length > 0) {
        heap[0] = last!
        sink(heap)
      }
      return first?.path
    },
  }
}

function sink(heap: Entry[]): void {
  for (let at = 0; ; ) {
    const left = 2 * at + 1
    const right = left + 1
    let least = at
    if (left < heap.length && compare(heap[left]!, heap[least]!) < 0) least = left
    if (right < heap.length && compare(heap[right]!, heap[least]!) < 0) least = right
    if (least === at) return
    swap(heap, at, least)
    at = least
  }
}

function swap(heap: Entry[], a: number, b: number): void {
  const entry = heap[a]!
  heap[a] = heap[b]!
  heap[b] = entry
}

function compare(a: Entry, b: Entry): number {
  if (a.order !== b.order) return a.order - b.order
  for (const [depth, index] of a.iterations.entries()) {
    const other = b.iterations[depth] ?? -1
    if (index !== other) return index - other
  }
  return 0
}
