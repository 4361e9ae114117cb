import { on, once } from 'node:events'
import { WebSocket } from 'ws'

/** Where to subscribe and to what. */
export interface Subscription {
  /** `http://…/graphql` */
  readonly url: string
  readonly apiKey: string | null
  readonly query: string
  readonly variables: Record<string, unknown>
}

/** What comes of an operation, as clients see it. */
export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  readonly data?: any
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
}

/** Opens a connection for one subscription; ends with the operation, throws when the connection breaks or the signal cuts it. */
export type Open = (subscription: Subscription, signal: AbortSignal) => AsyncIterable<Answer>

/** The connection was closed by the server. */
export class ConnectionClosed extends Error {
  /** Of the socket; 0 when there was none. */
  readonly code: number

  constructor(code: number) {
    super(`The connection was closed with ${code}`)
    this.code = code
  }
}

/** Speaks graphql-transport-ws with nothing between the test and the wire, so that a cut is a cut. */
export async function* overSocket(subscription: Subscription, signal: AbortSignal): AsyncGenerator<Answer> {
  const socket = new WebSocket(subscription.url.replace('http', 'ws'), 'graphql-transport-ws')
  socket.on('error', () => undefined)
  let code = 0
  socket.once('close', (closeCode) => {
    code = closeCode
  })
  try {
    const messages = on(socket, 'message', { signal, close: ['close'] })
    await once(socket, 'open', { signal })
    const { apiKey, query, variables } = subscription
    socket.send(JSON.stringify({ type: 'connection_init', payload: { apiKey } }))
    for await (const [message] of messages) {
      const { type, payload } = JSON.parse(String(message))
      if (type === 'connection_ack') {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }))
      } else if (type === 'ping') socket.send(JSON.stringify({ type: 'pong' }))
      else if (type === 'next') yield payload
      else if (type === 'error') yield { errors: payload }
      else if (type === 'complete') return
    }
    throw new ConnectionClosed(code)
  } finally {
    socket.terminate()
  }
}

/** The same over server-sent events. */
export async function* overEventStream(subscription: Subscription, signal: AbortSignal): AsyncGenerator<Answer> {
  const { url, apiKey, query, variables } = subscription
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({ query, variables }),
    signal,
  })
  if (response.body === null) throw new ConnectionClosed(0)
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end)
      text = text.slice(end + 2)
      if (/^event: complete$/m.test(event)) return
      const data = /^data: (.+)$/m.exec(event)?.[1]
      if (data !== undefined) yield JSON.parse(data)
    }
  }
  throw new ConnectionClosed(0)
}
