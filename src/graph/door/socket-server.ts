import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import { CloseCode } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import type { Authenticator } from '../../access/authenticate.ts'
import type { Principal } from '../../access/principal.ts'
import type { OnHiddenError } from '../mask-error.ts'
import { createErrorMask } from '../mask-error.ts'
import type { Yoga } from '../yoga.ts'
import { checkSender, type RequestPolicy } from './check-request.ts'
import { keyOfHeaders, keyOfPayload, unauthenticatedRequest } from './credentials.ts'
import { endWithError } from './end-with-error.ts'

const PROTOCOL = 'graphql-transport-ws'
const INIT_TIMEOUT_MS = 10_000
const PING_EVERY_MS = 12_000

export interface SocketServerOptions {
  readonly yoga: Yoga
  readonly authenticator: Authenticator
  readonly policy: RequestPolicy
  /** Largest message, in bytes. */
  readonly maxPayload: number
  readonly onHiddenError: OnHiddenError
}

export interface SocketServer {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Closes every socket with 1001, which clients take as "connect again". */
  dispose(): Promise<void>
}

interface Connection {
  principal?: Principal
  closing?: AbortController
}

/** Serves graphql-transport-ws with the same executor, limits and access as HTTP. */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { yoga, authenticator, policy, maxPayload } = options
  const maskError = createErrorMask(options.onHiddenError)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  })
  // What is thrown out of the hooks closes the socket, with all that its client watches besides.
  const answered = async (operate: () => unknown): Promise<ExecutionResult> => {
    try {
      const result = await operate()
      return isAsyncIterable(result) ? (endWithError(result, maskError) as never) : (result as ExecutionResult)
    } catch (error) {
      return { errors: [maskError(error) as GraphQLError] }
    }
  }
  const server = useServer<Record<string, unknown>, Connection & Record<PropertyKey, unknown>>(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      async onConnect({ connectionParams, extra }) {
        const key = keyOfPayload(connectionParams)
        const known =
          key === undefined
            ? ({ ok: false, problem: 'UNKNOWN' } as const)
            : await authenticator.authenticate(key ?? keyOfHeaders(extra.request.headers))
        if (!known.ok) {
          // 4401 tells clients not to try again; returning false would close with 4403, which they retry.
          extra.socket.close(4401, unauthenticatedRequest(known).message.slice(0, 120))
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
        const { parse, validate, contextFactory, execute, subscribe, schema } = yoga.getEnveloped({
          principal,
          signal: closing.signal,
          request: undefined,
          params,
        } as never)
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
    },
    sockets,
    PING_EVERY_MS,
  )
  return {
    upgrade(request, socket, head) {
      const refused = checkSender(request, policy)
      if (refused !== null) {
        socket.end(
          `HTTP/1.1 ${refused.status} Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${refused.message}\n`,
        )
        return
      }
      sockets.handleUpgrade(request, socket, head, (client) => {
        if (client.protocol !== PROTOCOL) client.close(CloseCode.SubprotocolNotAcceptable, `Speak ${PROTOCOL}`)
        else sockets.emit('connection', client, request)
      })
    },
    dispose: async () => {
      await server.dispose()
    },
  }
}

interface Operators {
  execute(args: ExecutionArgs): unknown
  subscribe(args: ExecutionArgs): unknown
}

function isAsyncIterable(value: unknown): value is AsyncIterable<ExecutionResult> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
