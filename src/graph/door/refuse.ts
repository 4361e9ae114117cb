import type { ServerResponse } from 'node:http'
import type { RequestErrorCode } from '../request-error.ts'

/** Why a request is turned away before it is read as GraphQL. */
export interface RefusedRequest {
  readonly status: number
  readonly code: RequestErrorCode
  readonly message: string
}

/** Answers as a GraphQL response with one error, and closes the connection: the rest of the request is not wanted. */
export function refuse(response: ServerResponse, { status, code, message }: RefusedRequest): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] })
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  })
  response.end(body)
}
