import type { WorkflowDefinition } from '../definition/definition.ts'
import type { ProblemPath } from '../definition/problem.ts'

/** Something of the original that the definition does not have, or has otherwise. */
export interface Unmapped {
  /** Where it stands in the original; the first place of several. */
  readonly path: ProblemPath
  /** What it is, and why it has no counterpart, or what stands for it. */
  readonly reason: string
  /** In how many places. */
  readonly count: number
}

export type Imported =
  | {
      readonly ok: true
      /** Of the right shape; whether it makes sense is for the validation to say. */
      readonly definition: WorkflowDefinition
      readonly unmapped: readonly Unmapped[]
    }
  /** It is not of the format, or speaks of what there is not; each with its place. */
  | { readonly ok: false; readonly problems: readonly ImportProblem[] }

export interface ImportProblem {
  readonly path: ProblemPath
  readonly message: string
  /** Where it stands in the text that it was read from, from 1. */
  readonly line?: number
  readonly column?: number
}

/** Collects what does not map, the same reason once. */
export interface UnmappedNotes {
  note(path: ProblemPath, reason: string): void
  list(): readonly Unmapped[]
}

export function createNotes(): UnmappedNotes {
  const notes = new Map<string, { path: ProblemPath; reason: string; count: number }>()
  return {
    note(path, reason) {
      const known = notes.get(reason)
      if (known === undefined) notes.set(reason, { path, reason, count: 1 })
      else known.count += 1
    },
    list: () => [...notes.values()],
  }
}
