import type { GraphQLProblem } from './transport.ts'

/**
 * No answer came: the server cannot be reached, the connection broke, or something between answered instead.
 *
 * A query may be sent again; a mutation only with an `idempotencyKey`, since the server may have done it.
 */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly url: string
  /** Status of an answer that was no GraphQL; null when there was none. */
  readonly status: number | null
  /** Whether the same call may succeed later. */
  readonly isRetryable: boolean

  constructor(message: string, details: { url: string; status?: number; cause?: unknown }) {
    super(message, { cause: details.cause })
    this.url = details.url
    this.status = details.status ?? null
    this.isRetryable = this.status === null || this.status >= 500 || this.status === 429
  }
}

/** The server refused the request as a whole: not allowed, malformed, too large, or a fault of its own. */
export class GraphQLRequestError extends Error {
  override readonly name = 'GraphQLRequestError'
  readonly problems: readonly GraphQLProblem[]
  /** Stable codes of all problems, like UNAUTHENTICATED; INTERNAL for a fault of the server. */
  readonly codes: readonly string[]
  /** Under which the server's log tells more; null when it is no fault of the server. */
  readonly correlationId: string | null

  constructor(problems: readonly GraphQLProblem[]) {
    super(problems.map(({ message }) => message).join('\n') || 'The server refused the request without saying why.')
    this.problems = problems
    this.codes = [...new Set(problems.map(({ extensions }) => extensions?.code ?? 'UNKNOWN'))]
    this.correlationId = problems.find(({ extensions }) => extensions?.errorId)?.extensions?.errorId ?? null
  }
}

/** What every refusal of a verb has, whatever else it has. */
export interface UserError {
  readonly __typename: string
  readonly code: string
  readonly message: string
  readonly path: readonly string[] | null
}

/** A verb was refused; thrown only by `unwrap` and by what uses it. */
export class TaskMgmtError<Refusal extends UserError = UserError> extends Error {
  override readonly name = 'TaskMgmtError'
  /** Stable, UPPER_SNAKE_CASE: NOT_FOUND and the like. */
  readonly code: string
  /** The argument it is about, from `input` inwards; null when it is about none. */
  readonly path: readonly string[] | null
  /** The member of the result's union, with its own fields. */
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.code = refusal.code
    this.path = refusal.path
    this.refusal = refusal
  }
}
