import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { readBody } from '../infra/read-body.ts'
import type { GraphParts } from './context.ts'
import { checkMediaType, checkSender, type RequestPolicy } from './door/check-request.ts'
import { keyOfHeaders, unauthenticatedRequest } from './door/credentials.ts'
import { refuse } from './door/refuse.ts'
import { createSocketServer } from './door/socket-server.ts'
import type { OnHiddenError } from './mask-error.ts'
import { createGraphYoga } from './yoga.ts'

/** Largest body of a request and largest message of a socket, in bytes. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024

export interface GraphServerOptions extends GraphParts {
  /** Default: /graphql. */
  readonly path?: string
  /** Whether a browser that opens the path gets GraphiQL. */
  readonly hasGraphiQL?: boolean
  /** Origins of other sites whose pages may call. Default: none. */
  readonly allowedOrigins?: readonly string[]
  /** Told of every error that clients are not shown. */
  readonly onHiddenError: OnHiddenError
}

/** The graph, to be mounted on a node:http server. */
export interface GraphServer {
  readonly path: string
  /** Answers a request whose path is `path`; never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Takes over a socket whose request is for `path`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends all subscriptions and closes all sockets. */
  dispose(): Promise<void>
}

/** Makes the graph's door: queries and mutations over HTTP, subscriptions over graphql-transport-ws and server-sent events. */
export function createGraphServer(options: GraphServerOptions): GraphServer {
  const { path = '/graphql', hasGraphiQL = false, allowedOrigins = [], onHiddenError, ...parts } = options
  const { authenticator } = parts
  const policy: RequestPolicy = {
    get isOpen() {
      return authenticator.isOpen
    },
    allowedOrigins,
  }
  const yoga = createGraphYoga(parts, { path, hasGraphiQL, allowedOrigins, onHiddenError })
  const sockets = createSocketServer({ yoga, authenticator, policy, maxPayload: MAX_BODY_BYTES, onHiddenError })
  const shutdown = new AbortController()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('content-security-policy', "frame-ancestors 'none'")
    const refused = checkSender(request, policy) ?? checkMediaType(request)
    if (refused !== null) return refuse(response, refused)
    // A browser that opens the page, or asks whether it may call, shows no key.
    const needsKey = !(request.method === 'OPTIONS' || (hasGraphiQL && isPageVisit(request)))
    const known = await authenticator.authenticate(keyOfHeaders(request.headers))
    if (needsKey && !known.ok) return refuse(response, unauthenticatedRequest(known))
    const body = await readBody(request, MAX_BODY_BYTES)
    if (body === null) {
      const message = `The request is larger than ${MAX_BODY_BYTES} bytes. Split it, or pass large content by reference.`
      return refuse(response, { status: 413, code: 'BODY_TOO_LARGE', message })
    }
    const closing = new AbortController()
    response.once('close', () => closing.abort())
    const signal = AbortSignal.any([closing.signal, shutdown.signal])
    const door = { principal: known.ok ? known.principal : null, signal }
    await yoga(Object.assign(request, { body }), response, door as never)
  }

  return {
    path,
    async handle(request, response) {
      try {
        await answer(request, response)
      } catch (error) {
        if (response.destroyed) return
        onHiddenError(error, 'door')
        if (!response.headersSent) {
          refuse(response, { status: 500, code: 'INTERNAL', message: 'Something went wrong on the server.' })
        } else response.destroy()
      }
    },
    upgrade: (request, socket, head) => sockets.upgrade(request, socket, head),
    async dispose() {
      shutdown.abort()
      await sockets.dispose()
      await yoga.dispose()
    },
  }
}

function isPageVisit(request: IncomingMessage): boolean {
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')
}
