import { PothosValidationError } from '@pothos/core'
import { GraphQLError } from 'graphql'
import { newUuid } from '../task/type-id.ts'
import { InvalidInput } from './invalid-input.ts'
import { UserFailure } from './user-failure.ts'

/** Told of every error that the client is not shown, with the id that it is shown instead. */
export type OnHiddenError = (error: unknown, errorId: string) => void

/**
 * Makes an error fit to be shown: what is meant for the client as it is, everything else as INTERNAL with an id.
 *
 * The id stands in the server's log beside the error itself.
 */
export function createErrorMask(onHidden: OnHiddenError): (error: unknown) => Error {
  return (error) => {
    const cause = causeOf(error)
    if (isGraphQLError(cause)) return error as Error
    if (cause instanceof InvalidInput)
      return shown(error, cause.message, { code: 'BAD_USER_INPUT', issues: cause.issues })
    if (cause instanceof UserFailure) return shown(error, cause.message, { code: cause.code })
    if (cause instanceof PothosValidationError) return shown(error, cause.message, { code: 'BAD_USER_INPUT' })
    const errorId = newUuid()
    onHidden(cause, errorId)
    return shown(error, `Something went wrong on the server. Quote ${errorId} when you report it.`, {
      code: 'INTERNAL',
      errorId,
    })
  }
}

/** The error that was thrown, below what the executor wrapped it in. */
function causeOf(error: unknown): unknown {
  return isGraphQLError(error) && error.originalError != null ? causeOf(error.originalError) : error
}

// By name: bundlers and test runners load graphql twice, and each copy has a class of its own.
function isGraphQLError(error: unknown): error is GraphQLError {
  return error instanceof Error && error.name === 'GraphQLError'
}

function shown(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  const located = isGraphQLError(error) ? error : undefined
  return new GraphQLError(message, {
    ...(located?.nodes !== undefined && { nodes: located.nodes }),
    ...(located?.path !== undefined && { path: located.path }),
    extensions,
  })
}
