import { type IncomingMessage, Agent as PlainAgent, request as plainRequest, type RequestOptions } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { readBody } from '../../infra/read-body.ts'
import { AddressForbidden, type AddressGuard } from './address-guard.ts'

export interface OutgoingRequest {
  /** http or https. */
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** null for none. */
  readonly body: string | null
  /** For all of it, from the look-up of the name to the last byte of the answer, in milliseconds. */
  readonly timeoutMs: number
}

/** What came of a request. */
export type Exchange =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Names in lower case; what came more than once is joined by commas. */
      readonly headers: Readonly<Record<string, string>>
      /** null: larger than is read. */
      readonly body: Buffer | null
    }
  | { readonly kind: 'forbidden'; readonly host: string; readonly addresses: readonly string[] }
  | { readonly kind: 'timed_out' }
  /** No connection, or one that broke. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** A header that HTTP cannot carry. */
  | { readonly kind: 'unsendable'; readonly why: string }

/** Sends one request. Redirects are answers like others: they are not followed. */
export type SendRequest = (request: OutgoingRequest, signal: AbortSignal) => Promise<Exchange>

/** Most of an answer's body that is read. A task's output may have 1 MB; the rest is room for headers and escapes. */
export const MAX_ANSWER_BYTES = 900_000

/** Each request has a connection of its own, whose address the guard has seen. */
export function createSender(guard: AddressGuard): SendRequest {
  const plain = { start: plainRequest, agent: new PlainAgent({ keepAlive: false }) }
  const secure = { start: secureRequest, agent: new SecureAgent({ keepAlive: false }) }

  return async ({ url, method, headers, body, timeoutMs }, signal) => {
    const deadline = AbortSignal.timeout(timeoutMs)
    const { start, agent } = url.protocol === 'https:' ? secure : plain
    const options = { method, headers, agent, lookup: guard.lookup, signal: AbortSignal.any([signal, deadline]) }
    try {
      guard.check(url.hostname)
      const response = await exchange(start, url, options, body)
      const read = await readBody(response, MAX_ANSWER_BYTES)
      // The rest is not wanted, nor the connection.
      if (read === null) response.destroy()
      return { kind: 'answered', status: response.statusCode!, headers: headersOf(response), body: read }
    } catch (error) {
      signal.throwIfAborted()
      if (deadline.aborted) return { kind: 'timed_out' }
      return failureOf(error)
    }
  }
}

function exchange(
  start: typeof plainRequest,
  url: URL,
  options: RequestOptions,
  body: string | null,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = start(url, options)
    request.once('response', resolve)
    // Also of a connection that breaks after the answer has begun: the reader of the answer is told of it.
    request.on('error', reject)
    request.end(body ?? undefined)
  })
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      // Cookies are credentials of this exchange, not results of it.
      value === undefined || name === 'set-cookie' ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
}

function failureOf(error: unknown): Exchange {
  if (!(error instanceof Error)) throw error
  // Of several addresses the first that failed says enough.
  const first: Error = error instanceof AggregateError ? error.errors[0] : error
  if (first instanceof AddressForbidden) return { kind: 'forbidden', host: first.host, addresses: first.addresses }
  const { code = '' } = first as NodeJS.ErrnoException
  if (code.startsWith('ERR_INVALID_') || code === 'ERR_UNESCAPED_CHARACTERS' || code.startsWith('ERR_HTTP_INVALID_'))
    return { kind: 'unsendable', why: first.message }
  return { kind: 'unreachable', why: first.message || code }
}
