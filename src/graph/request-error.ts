import { type AuthFailure, AuthScopeFailureType } from '@pothos/plugin-scope-auth'
import { GraphQLError } from 'graphql'
import type { Principal } from '../access/principal.ts'

/** Codes in `errors[].extensions.code`: what is wrong with a request as a whole rather than with one input. */
export type RequestErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'BAD_ID'
  | 'BODY_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'QUERY_TOO_LARGE'
  | 'CURSOR_EXPIRED'
  | 'NOT_FOUND'
  | 'INTERNAL'

/**
 * An error of the request, shown to the client as it is.
 *
 * @param extra further fields of `extensions`
 */
export function requestError(
  code: RequestErrorCode,
  message: string,
  extra: { readonly [name: string]: unknown } = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extra } })
}

/** Why a field is closed to somebody: nobody was recognised, or which role is missing. */
export function forbidden(principal: Principal | null, failure: AuthFailure): GraphQLError {
  if (principal === null) return unauthenticated('This needs an API key: send it as `Authorization: Bearer <key>`.')
  const needed = neededRole(failure)
  return requestError(
    'FORBIDDEN',
    needed === null
      ? `Your role ${principal.role} may not do this.`
      : `This needs the role ${needed}; your key has ${principal.role}. Ask an ADMIN for a key with that role.`,
    { role: principal.role, needed },
  )
}

export function unauthenticated(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED' satisfies RequestErrorCode } })
}

function neededRole(failure: AuthFailure): string | null {
  switch (failure.kind) {
    case AuthScopeFailureType.AuthScope:
      return failure.scope === 'role' ? String(failure.parameter) : null
    case AuthScopeFailureType.AnyAuthScopes:
    case AuthScopeFailureType.AllAuthScopes:
      return failure.failures.map(neededRole).find((role) => role !== null) ?? null
    default:
      return null
  }
}
