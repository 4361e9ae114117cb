import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloseCode } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { checkSender, type RequestPolicy } from './check-request.ts'
import { createSocketOperations, type SocketOperationsOptions } from './socket-operations.ts'

const PROTOCOL = 'graphql-transport-ws'
const PING_EVERY_MS = 12_000
const GOODBYE_MS = 2_000

export interface SocketServerOptions extends SocketOperationsOptions {
  readonly policy: RequestPolicy
  /** Largest message, in bytes. */
  readonly maxPayload: number
}

export interface SocketServer {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Closes every socket with 1001, which clients take as "connect again"; those that do not answer are cut off. */
  dispose(): Promise<void>
}

/** Serves graphql-transport-ws. */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { policy, maxPayload, onHiddenError } = options
  const operations = createSocketOperations(options)
  const server = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  })

  function serve(socket: WebSocket, request: IncomingMessage): void {
    // Broken frames are the client's fault: ws closes the socket with the right code by itself.
    socket.on('error', () => undefined)
    const stopPinging = keepAlive(socket)
    const closed = operations.opened(
      {
        protocol: socket.protocol,
        // Resolves when the message has been handed on, so that the next one waits for a slow client.
        send: (text) =>
          new Promise((resolve, reject) => {
            if (socket.readyState !== socket.OPEN) return resolve()
            socket.send(text, (error) => (error ? reject(error) : resolve()))
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) =>
          socket.on('message', (message) => {
            take(String(message)).catch((error: unknown) => {
              // A socket that broke while it was written to has nobody left to tell.
              if (socket.readyState === socket.OPEN) onHiddenError(error, 'socket')
              socket.close(CloseCode.InternalServerError, 'Internal server error')
            })
          }),
      },
      { socket, request },
    )
    socket.once('close', (code, reason) => {
      stopPinging()
      void closed(code, String(reason))
    })
  }

  return {
    upgrade(request, socket, head) {
      const refused = checkSender(request, policy)
      if (refused !== null) {
        const head = `HTTP/1.1 ${refused.status} Forbidden\r\nContent-Type: text/plain\r\nConnection: close`
        socket.end(`${head}\r\n\r\n${refused.message}\n`)
        return
      }
      server.handleUpgrade(request, socket, head, (client) => serve(client, request))
    },
    async dispose() {
      for (const client of server.clients) client.close(1001, 'Going away')
      const cutOff = setTimeout(() => {
        for (const client of server.clients) client.terminate()
      }, GOODBYE_MS)
      await new Promise<void>((resolve) => server.close(() => resolve()))
      clearTimeout(cutOff)
    },
  }
}

/** Cuts off a client that does not answer a ping before the next. Returns what ends it. */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true
  socket.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, PING_EVERY_MS)
  return () => clearInterval(timer)
}
