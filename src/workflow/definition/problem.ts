/** What can be wrong with a definition, and what the code means. docs/errors.md has the same list. */
export const PROBLEM_CODES = {
  DEFINITION_TOO_LARGE: 'More bytes, steps, or levels than a definition may have.',
  NOT_A_DEFINITION: 'It cannot be read as YAML or JSON at all.',
  DUPLICATE_FIELD: 'A field that stands twice in the text.',
  WRONG_TYPE: 'A value of another type, such as a number for a string.',
  MISSING: 'A field that must be there is not.',
  UNKNOWN_FIELD: 'A field that nothing reads.',
  NOT_ONE_OF: 'A word that is not one of those known here.',
  WRONG_FORMAT: 'A text that is not written as it must be: an id, a duration, a time, an URL.',
  OUT_OF_RANGE: 'A number, a text or a list that is too small or too large.',
  WRONG_TOGETHER: 'Fields that do not go together, or need each other.',
  DUPLICATE_ID: 'Two steps with one id.',
  UNKNOWN_STEP: 'The id of a step that there is not, or not in this place.',
  CYCLE: 'Steps that wait for each other.',
  UNREACHABLE: 'A step that can never run.',
  LOOP_WITHOUT_BOUND: 'A LOOP that may never end.',
  NOBODY_DECIDES: 'An APPROVAL that nobody, or not enough people, can answer.',
  BAD_EXPRESSION: 'CEL that cannot be read, or whose types do not go together.',
  UNKNOWN_VARIABLE: 'An expression over something that there is not in this place.',
  STEP_NOT_BEFORE: 'An expression over a step that has not ended by then.',
  MAY_NOT_HAVE_RUN: 'An expression over the output of a step that may be skipped or may fail.',
  USELESS_COMPENSATION: 'Something is to be undone, and nothing could be; or the other way round.',
  BAD_SCHEMA: 'A JSON Schema that is none.',
  UNKNOWN_TASK_TYPE: 'A task type that no worker has registered.',
  UNKNOWN_WORKFLOW: 'A workflow, or a version of it, that there is not.',
  UNKNOWN_HANDLER: 'A step handler that no integration has registered.',
  INPUT_MISFIT: 'An input that does not fit the schema of what it is given to.',
} as const

export type ProblemCode = keyof typeof PROBLEM_CODES
export type ProblemPath = readonly (string | number)[]

/** One thing wrong with a definition. */
export interface DefinitionProblem {
  /** A warning does not keep the workflow from being made. */
  readonly severity: 'error' | 'warning'
  readonly code: ProblemCode
  /** Where: field names and list positions from the definition's root. */
  readonly path: ProblemPath
  /** What is wrong and what would be right; a clause about what stands at the path. */
  readonly message: string
  /** Of an expression: its text and, from 1, where in it. */
  readonly expression?: { readonly text: string; readonly line?: number; readonly column?: number }
  /** Where it stands in the text that the definition was read from, from 1. */
  readonly line?: number
  readonly column?: number
}

/** A path as people read it: `steps[2].input.url`. */
export function pathText(path: ProblemPath): string {
  return path
    .map((part, at) => {
      if (typeof part === 'number') return `[${part}]`
      if (!/^[A-Za-z_$][\w$]*$/.test(part)) return `[${JSON.stringify(part)}]`
      return at === 0 ? part : `.${part}`
    })
    .join('')
}

/**
 * Problems in the order in which what they speak of stands in the document.
 *
 * @param root the definition as it was given; a field that is missing counts as the first of its object
 */
export function inDocumentOrder<Problem extends { readonly path: ProblemPath }>(
  root: unknown,
  problems: readonly Problem[],
): Problem[] {
  const placeOf = createPlaces(root)
  return problems
    .map((problem) => ({ problem, place: placeOf(problem.path) }))
    .sort((a, b) => compare(a.place, b.place))
    .map(({ problem }) => problem)
}

/** The positions that lead to a path. */
function createPlaces(root: unknown): (path: ProblemPath) => number[] {
  const keys = new Map<object, Map<string, number>>()
  const keyOf = (parent: object, key: string): number => {
    const known = keys.get(parent) ?? new Map(Object.keys(parent).map((name, at) => [name, at]))
    keys.set(parent, known)
    return known.get(key) ?? -1
  }
  return (path) => {
    let value = root
    return path.map((part) => {
      const parent = typeof value === 'object' && value !== null ? value : {}
      value = (parent as Record<string | number, unknown>)[part]
      return typeof part === 'number' ? part : keyOf(parent, part)
    })
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at]! - b[at]!
  return a.length - b.length
}
