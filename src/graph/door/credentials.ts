import type { IncomingHttpHeaders } from 'node:http'
import type { Authentication } from '../../engine/authenticate.ts'
import type { RefusedRequest } from './refuse.ts'

/** The key in a request's headers: `Authorization: Bearer <key>` or `x-api-key: <key>`; null when there is none. */
export function keyOfHeaders(headers: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return bearer
  if (headers.authorization !== undefined) return headers.authorization
  const key = headers['x-api-key']
  return typeof key === 'string' && key !== '' ? key : null
}

/** The key in the payload of a socket's connection_init; undefined when it holds something else than a text. */
export function keyOfPayload(payload: { readonly [name: string]: unknown } | undefined): string | null | undefined {
  const key = payload?.apiKey
  if (key === undefined || key === null) return null
  return typeof key === 'string' ? key : undefined
}

const REASONS = {
  MISSING:
    'This server needs an API key: send it as `Authorization: Bearer <key>`, or as `apiKey` when a socket opens.',
  UNKNOWN: 'The API key is not known here. Check that it is whole and meant for this server.',
  REVOKED: 'The API key was revoked. Ask an ADMIN for another.',
  EXPIRED: 'The API key has expired. Ask an ADMIN for another.',
} as const

/** What somebody is told who was not recognised. */
export function unauthenticatedRequest(failed: Extract<Authentication, { ok: false }>): RefusedRequest {
  return { status: 401, code: 'UNAUTHENTICATED', message: REASONS[failed.problem] }
}
