import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../../access/access-mode.ts'
import type { RefusedRequest } from './refuse.ts'

export interface RequestPolicy {
  /** Whether callers without a key are let in: then only names of this machine may be used to reach it. */
  readonly isOpen: boolean
  /** Origins of other sites whose pages may call, like `https://ui.example.com`. */
  readonly allowedOrigins: readonly string[]
}

/**
 * Whether a request may come from where it comes from; the same for HTTP and for sockets.
 *
 * A page of another site must not act with what only this machine may do: its origin is refused, and on an open server so is
 * a name that was made to point here (DNS rebinding).
 *
 * @returns why not, or null
 */
export function checkSender(request: Pick<IncomingMessage, 'headers'>, policy: RequestPolicy): RefusedRequest | null {
  const { host, origin } = request.headers
  if (policy.isOpen && !isLoopback(hostnameOf(`http://${host ?? ''}`) ?? '')) {
    const message = `An open server answers only to names of its own machine, not to "${host ?? ''}". Use localhost, or make an API key.`
    return { status: 403, code: 'FORBIDDEN', message }
  }
  if (origin === undefined || policy.allowedOrigins.includes(origin) || hostOf(origin) === host) return null
  const message = `Pages of ${origin} may not call this server. Allow them with --allow-origin or TASK_MGMT_ALLOWED_ORIGINS if they should.`
  return { status: 403, code: 'FORBIDDEN', message }
}

/**
 * Whether the body is what this server reads. Only JSON: browsers ask first before they send it across sites, and do not ask
 * for forms and plain text.
 *
 * @returns why not, or null
 */
export function checkMediaType(request: Pick<IncomingMessage, 'headers' | 'method'>): RefusedRequest | null {
  if (request.method !== 'POST') return null
  const mediaType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (mediaType === 'application/json') return null
  const message = `Send the request as application/json, not as ${mediaType ?? 'nothing in particular'}.`
  return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message }
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null
}

function hostnameOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null
}
