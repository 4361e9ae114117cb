import type { GraphQLAnswer, GraphQLProblem } from '../transport.ts'

/** Name of the protocol. @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export const PROTOCOL = 'graphql-transport-ws'

export interface OperationPayload {
  readonly query: string
  readonly operationName: string
  readonly variables: object
}

export type ClientMessage =
  | { readonly type: 'connection_init'; readonly payload?: { readonly apiKey: string } }
  | { readonly type: 'ping' | 'pong' }
  | { readonly type: 'subscribe'; readonly id: string; readonly payload: OperationPayload }
  | { readonly type: 'complete'; readonly id: string }

export type ServerMessage =
  | { readonly type: 'connection_ack' | 'ping' | 'pong' }
  | { readonly type: 'next'; readonly id: string; readonly payload: GraphQLAnswer }
  | { readonly type: 'error'; readonly id: string; readonly payload: readonly GraphQLProblem[] }
  | { readonly type: 'complete'; readonly id: string }

/** How a socket ended. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

/** Codes that the client itself closes with. */
export const CLOSE_CODES = { normal: 1000, badResponse: 4004, ackTimeout: 4504, silent: 4499 } as const

/**
 * What the server closes with when trying again cannot help, and the code of the error that is thrown then.
 *
 * 4403 is among them, though other clients retry it: a refusal that may be taken back is not told by closing a socket. A code that
 * is not here, such as 1001, 1006, 1012 or one of a later server, means: connect again.
 */
const FATAL_CODES: { readonly [code: number]: string } = {
  1002: 'PROTOCOL_ERROR',
  1003: 'UNSUPPORTED_DATA',
  1007: 'INVALID_PAYLOAD',
  1008: 'POLICY_VIOLATION',
  1009: 'MESSAGE_TOO_LARGE',
  1010: 'MISSING_EXTENSION',
  4004: 'BAD_RESPONSE',
  4005: 'CLIENT_FAULT',
  4400: 'BAD_REQUEST',
  4401: 'UNAUTHENTICATED',
  4403: 'FORBIDDEN',
  4406: 'SUBPROTOCOL_NOT_ACCEPTABLE',
  4409: 'SUBSCRIBER_ALREADY_EXISTS',
  4429: 'TOO_MANY_INITIALISATION_REQUESTS',
}

/** The code of the error when trying again cannot help, else null. */
export function fatalCodeOf({ code }: Closing): string | null {
  return FATAL_CODES[code] ?? null
}

/** @returns null when the text is no message of the protocol */
export function parseMessage(text: unknown): ServerMessage | null {
  if (typeof text !== 'string') return null
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && 'type' in message ? (message as ServerMessage) : null
  } catch {
    return null
  }
}
