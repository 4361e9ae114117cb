import { CommanderError } from 'commander'
import { GraphQLRequestError, NetworkError, TaskMgmtError } from '../sdk/errors.ts'
import type { DefinitionProblemFieldsFragment } from '../sdk/generated/operations.ts'
import { showProblem } from './show/workflow.ts'

/** What the process ends with; scripts rely on these. */
export const EXIT_CODES = {
  ok: 0,
  /** The task that was watched did not succeed. */
  taskNotCompleted: 1,
  /** The command was not understood. */
  usage: 2,
  /** Not found, not allowed, or not possible as things stand. */
  refused: 3,
  unreachable: 4,
  /** A fault of the command itself. */
  fault: 70,
  interrupted: 130,
} as const

/** Thrown for an argument that is understood by the parser but makes no sense; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Thrown when what was asked for is not there, or cannot be had as things stand; the message says what. */
export class NotThere extends Error {
  override readonly name = 'NotThere'
}

/** Thrown for what is too large to be sent; the message says what, how large, and what may be. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

export interface Failure {
  readonly exitCode: number
  /** What to tell the person; empty when that has been told. */
  readonly message: string
  /** What to do next. */
  readonly hint: string | null
}

/** What an error of a command means for the person and for the script that called. */
export function failureOf(error: unknown, url: string): Failure {
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage, message: '', hint: null }
  }
  if (error instanceof UsageError) return { exitCode: EXIT_CODES.usage, message: error.message, hint: null }
  if (error instanceof NotThere || error instanceof TooLarge) return refused(error.message, null)
  if (error instanceof TaskMgmtError) return refused(error.message, hintOfRefusal(error))
  if (error instanceof GraphQLRequestError) return refused(error.message, hintOfRequest(error))
  if (error instanceof NetworkError) return networkFailure(error, url)
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {
    exitCode: EXIT_CODES.fault,
    message,
    hint: 'This is a fault of task-mgmt itself; please report it.',
  }
}

function networkFailure(error: NetworkError, url: string): Failure {
  const { status } = error
  if (status !== null && status < 500) return { exitCode: EXIT_CODES.unreachable, message: error.message, hint: null }
  return {
    exitCode: EXIT_CODES.unreachable,
    message: `No server answers at ${url}${reasonOf(error)}`,
    hint: 'Start one with: npm start (or name another with --url or TASK_MGMT_URL)',
  }
}

function reasonOf({ cause, status }: NetworkError): string {
  if (status !== null) return ` (status ${status})`
  const code = cause instanceof Error && cause.cause instanceof Error && 'code' in cause.cause ? cause.cause.code : null
  return code === null ? '' : ` (${String(code)})`
}

function refused(message: string, hint: string | null): Failure {
  return { exitCode: EXIT_CODES.refused, message, hint }
}

function hintOfRefusal({ refusal }: TaskMgmtError): string | null {
  if ('issues' in refusal && Array.isArray(refusal.issues)) {
    return (refusal.issues as { path: readonly string[]; message: string }[])
      .map(({ path, message }) => `${path.slice(1).join('.') || 'input'}: ${message}`)
      .join('\n')
  }
  if ('problems' in refusal && Array.isArray(refusal.problems)) {
    return (refusal.problems as DefinitionProblemFieldsFragment[]).map(showProblem).join('\n')
  }
  if ('knownTypes' in refusal && Array.isArray(refusal.knownTypes)) {
    return refusal.knownTypes.length === 0
      ? 'No task type is registered: start a worker first.'
      : `Known types: ${refusal.knownTypes.join(', ')}`
  }
  return null
}

function hintOfRequest({ codes, correlationId }: GraphQLRequestError): string | null {
  if (codes.includes('UNAUTHENTICATED')) {
    return 'Pass a key with --api-key or TASK_MGMT_API_KEY. On the machine of the server one is made with: task-mgmt key create --local --name me --role ADMIN'
  }
  return correlationId === null ? null : `The log of the server tells more under ${correlationId}.`
}
