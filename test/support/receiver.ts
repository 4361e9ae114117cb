import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach } from 'vitest'

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Answer = (request: Received, response: ServerResponse) => void

/** An HTTP server on this machine that keeps what it receives and answers as the test says. */
export interface Receiver {
  readonly url: string
  readonly port: number
  /** Since the test began. */
  readonly received: Received[]
  answer: Answer
}

const plainly: Answer = (_request, response) => void response.writeHead(204).end()

/** A receiver of the test file's own. */
export async function openReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => void take(request, response))
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const received = { method: request.method!, url: request.url!, headers: request.headers, body }
    receiver.received.push(received)
    receiver.answer(received, response)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = { url: `http://127.0.0.1:${port}`, port, received: [], answer: plainly }
  afterEach(() => {
    receiver.received.length = 0
    receiver.answer = plainly
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  return receiver
}

export function answerJson(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}
