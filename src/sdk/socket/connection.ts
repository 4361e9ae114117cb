import type { GraphQLAnswer, GraphQLProblem } from '../transport.ts'
import {
  CLOSE_CODES,
  type ClientMessage,
  type Closing,
  type OperationPayload,
  PROTOCOL,
  parseMessage,
  type ServerMessage,
} from './protocol.ts'
import type { WebSocketClass } from './web-socket.ts'

const ACK_WITHIN_MS = 10_000
const PING_AFTER_MS = 15_000
const PONG_WITHIN_MS = 10_000
const OPEN = 1

export interface ConnectionOptions {
  readonly url: string
  readonly apiKey?: string
  readonly webSocket: WebSocketClass
}

/** Told of what comes for one subscription. After `failed`, `completed` or `lost` nothing comes. */
export interface Sink {
  next(answer: GraphQLAnswer): void
  failed(problems: readonly GraphQLProblem[]): void
  completed(): void
  lost(closing: Closing): void
}

/** One acknowledged socket. */
export interface Connection {
  readonly isOpen: boolean
  /** Resolves with the reason when the socket has ended. */
  readonly closed: Promise<Closing>
  /** @returns stops the subscription and tells the server */
  subscribe(payload: OperationPayload, sink: Sink): () => void
  close(): void
}

/** Opens a socket and waits until the server has acknowledged it; a Closing instead says why that failed. */
export function openConnection(options: ConnectionOptions, signal: AbortSignal): Promise<Connection | Closing> {
  const opened = Promise.withResolvers<Connection | Closing>()
  const closed = Promise.withResolvers<Closing>()
  const socket = new options.webSocket(options.url, PROTOCOL)
  const sinks = new Map<string, Sink>()
  let lastId = 0
  let ended: Closing | undefined
  let timer: ReturnType<typeof setTimeout>

  const send = (message: ClientMessage): void => {
    if (socket.readyState === OPEN) socket.send(JSON.stringify(message))
  }
  const end = (closing: Closing): void => {
    if (ended !== undefined) return
    ended = closing
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    opened.resolve(closing)
    closed.resolve(closing)
    for (const sink of sinks.values()) sink.lost(closing)
    sinks.clear()
  }
  const close = (code: number, reason: string): void => {
    end({ code, reason })
    socket.close(code, reason)
  }
  const abort = (): void => close(CLOSE_CODES.normal, 'nobody waits for it any more')
  /** A dead network closes nothing: after a silence the server is asked, and given up when it stays silent. */
  const expectSign = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      send({ type: 'ping' })
      timer = setTimeout(() => close(CLOSE_CODES.silent, 'the server is silent'), PONG_WITHIN_MS)
    }, PING_AFTER_MS)
  }
  const receive = (message: ServerMessage): void => {
    switch (message.type) {
      case 'connection_ack':
        opened.resolve(connection)
        break
      case 'ping':
        send({ type: 'pong' })
        break
      case 'pong':
        break
      case 'next':
        sinks.get(message.id)?.next(message.payload)
        break
      case 'error': {
        const sink = sinks.get(message.id)
        sinks.delete(message.id)
        sink?.failed(message.payload)
        break
      }
      case 'complete': {
        const sink = sinks.get(message.id)
        sinks.delete(message.id)
        sink?.completed()
        break
      }
      default:
        message satisfies never
    }
  }
  const connection: Connection = {
    get isOpen() {
      return ended === undefined
    },
    closed: closed.promise,
    subscribe(payload, sink) {
      if (ended !== undefined) {
        sink.lost(ended)
        return () => undefined
      }
      const id = String(++lastId)
      sinks.set(id, sink)
      send({ type: 'subscribe', id, payload })
      return () => {
        if (sinks.delete(id)) send({ type: 'complete', id })
      }
    },
    close: () => close(CLOSE_CODES.normal, 'done'),
  }

  socket.onopen = () => {
    send({ type: 'connection_init', ...(options.apiKey !== undefined && { payload: { apiKey: options.apiKey } }) })
  }
  socket.onmessage = ({ data }: { data: unknown }) => {
    expectSign()
    const message = parseMessage(data)
    if (message === null) close(CLOSE_CODES.badResponse, 'not a message of the protocol')
    else receive(message)
  }
  socket.onclose = ({ code, reason }: Closing) => end({ code, reason: String(reason) })
  // Browsers tell nothing here, and not every implementation tells the close as well.
  socket.onerror = ({ message }: { message?: string }) => end({ code: 1006, reason: message ?? '' })
  timer = setTimeout(() => close(CLOSE_CODES.ackTimeout, 'the server did not acknowledge in time'), ACK_WITHIN_MS)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return opened.promise
}
