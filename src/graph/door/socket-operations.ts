import type { IncomingMessage } from 'node:http'
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import { makeServer, type Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Principal } from '../../access/principal.ts'
import type { Authenticator } from '../../engine/authenticate.ts'
import { createErrorMask, type OnHiddenError } from '../mask-error.ts'
import type { Yoga } from '../yoga.ts'
import { keyOfHeaders, keyOfPayload, unauthenticatedRequest } from './credentials.ts'
import { endWithError } from './end-with-error.ts'

const INIT_TIMEOUT_MS = 10_000
const MAX_REASON_LENGTH = 120

/** What is known of one socket. */
export interface Connection {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  principal?: Principal
  closing?: AbortController
}

export interface SocketOperationsOptions {
  readonly yoga: Yoga
  readonly authenticator: Authenticator
  readonly onHiddenError: OnHiddenError
}

/** Runs the operations that come over sockets with the executor of HTTP: same limits, same access, same masking. */
export function createSocketOperations({
  yoga,
  authenticator,
  onHiddenError,
}: SocketOperationsOptions): Server<Connection & Record<PropertyKey, unknown>> {
  const maskError = createErrorMask(onHiddenError)
  // What is thrown out of the hooks closes the socket, with all that its client watches besides.
  const answered = async (operate: () => unknown): Promise<ExecutionResult> => {
    try {
      const result = await operate()
      return isAsyncIterable(result) ? (endWithError(result, maskError) as never) : (result as ExecutionResult)
    } catch (error) {
      return { errors: [maskError(error) as GraphQLError] }
    }
  }
  return makeServer<Record<string, unknown>, Connection & Record<PropertyKey, unknown>>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    async onConnect({ connectionParams, extra }) {
      const key = keyOfPayload(connectionParams)
      const known =
        key === undefined
          ? ({ ok: false, problem: 'UNKNOWN' } as const)
          : await authenticator.authenticate(key ?? keyOfHeaders(extra.request.headers))
      if (!known.ok) {
        // 4401 tells clients not to try again; returning false would close with 4403, which they retry.
        extra.socket.close(4401, unauthenticatedRequest(known).message.slice(0, MAX_REASON_LENGTH))
        return
      }
      extra.principal = known.principal
      extra.closing = new AbortController()
    },
    onClose({ extra }) {
      extra.closing?.abort()
    },
    async onSubscribe({ extra }, _id, params) {
      const { principal, closing } = extra
      if (principal === undefined || closing === undefined) return [new GraphQLError('The socket is not connected.')]
      const door = { principal, signal: closing.signal, params }
      const { parse, validate, contextFactory, execute, subscribe, schema } = yoga.getEnveloped(door as never)
      try {
        const document = parse(params.query)
        const problems = validate(schema, document)
        if (problems.length > 0) return problems
        return {
          schema,
          document,
          operationName: params.operationName,
          variableValues: params.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        }
      } catch (error) {
        return [maskError(error) as GraphQLError]
      }
    },
    execute: (args: ExecutionArgs) => answered(() => (args.rootValue as Operators).execute(args)),
    subscribe: (args: ExecutionArgs) => answered(() => (args.rootValue as Operators).subscribe(args)),
  })
}

interface Operators {
  execute(args: ExecutionArgs): unknown
  subscribe(args: ExecutionArgs): unknown
}

function isAsyncIterable(value: unknown): value is AsyncIterable<ExecutionResult> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
