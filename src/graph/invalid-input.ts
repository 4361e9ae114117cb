/** One thing that is wrong with an input, and where. */
export interface InputIssue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** An input that breaks the rules which its description states. Becomes a ValidationError where the result has one. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly code = 'VALIDATION'
  readonly issues: readonly InputIssue[]
  /** Of the first issue. */
  readonly path: readonly string[] | null

  constructor(issues: readonly InputIssue[]) {
    super(issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
    this.issues = issues
    this.path = issues[0]?.path.map(String) ?? null
  }
}

/** The error for one field of an input. */
export function invalid(path: readonly (string | number)[], message: string): InvalidInput {
  return new InvalidInput([{ path, message }])
}
