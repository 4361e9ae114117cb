import type { Step } from '../../definition/definition.ts'
import type { ProblemPath } from '../../definition/problem.ts'
import type { UnmappedNotes } from '../imported.ts'
import type { Data } from './data.ts'
import type { Problem, State } from './machine.ts'
import type { Scope } from './paths.ts'

export interface Conversion {
  readonly newId: (name: string) => string
  readonly notes: UnmappedNotes
  readonly problems: Problem[]
  /** Task types by Resource or function name. */
  readonly taskTypes: Readonly<Record<string, string>>
}

/** The states of a machine as steps beside each other, and what the machine gives. */
export interface Converted {
  readonly steps: readonly Step[]
  readonly output: Data
  /** Whether the output is that of its one last step, as a container's is. */
  readonly isPlain: boolean
  /** Whether each step comes just after the one before. */
  readonly isChain: boolean
}

/** Makes the steps of a machine within a state. */
export type ConvertInner = (machine: unknown, path: ProblemPath, scope: Scope) => Converted

/** A state that is come to, with the data that it is given. */
export interface Entered {
  readonly id: string
  readonly name: string
  readonly state: State
  readonly path: ProblemPath
  readonly scope: Scope
}
