import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'

export interface HttpFrontOptions {
  readonly host: string
  readonly port: number
  /** Resolves when the process can do its work, rejects with the reason why not. */
  readonly checkReady: () => Promise<void>
}

/** The HTTP server of this process: health by itself, everything else by whoever asked for it. */
export interface HttpFront {
  readonly server: Server
  /** As people reach it from this machine. */
  readonly url: string
  /** From now on the process counts as started. */
  announceStarted(): void
  /** Sends every other request to `listener`. */
  serve(listener: RequestListener): void
  /** Takes no new connections, lets requests end for `patienceMs`, then cuts them. */
  close(patienceMs: number): Promise<void>
}

/** Thrown when the address cannot be listened on; the message says what to do. */
export class AddressUnavailable extends Error {
  override readonly name = 'AddressUnavailable'
}

/**
 * Listens. `/health` answers 503 until the process has started and 200 from then on; `/ready` also asks the database, and answers 503
 * with the reason when it does not. All else is answered with 503 until somebody serves it, and with 404 when the process has started
 * and nobody does.
 *
 * @throws AddressUnavailable when the port is taken or the address is not ours
 */
export async function openHttpFront(options: HttpFrontOptions): Promise<HttpFront> {
  let hasStarted = false
  // What is not there yet must not be taken for what is not there: clients give up at a 404.
  let application: RequestListener = (_request, response) =>
    hasStarted ? sendJson(response, 404, { error: 'not found' }) : sendHealth(response, hasStarted)
  let isClosing = false
  const server = createServer((request, response) => {
    response.once('close', () => {
      // The answer's connection counts as idle only after this turn.
      if (isClosing) setImmediate(() => server.closeIdleConnections())
    })
    // Else a client that asks all the time keeps its connection, and us, until the patience is over.
    if (isClosing) response.setHeader('connection', 'close')
    const path = request.url?.split('?', 1)[0]
    if (path === '/health') return sendHealth(response, hasStarted)
    if (path === '/ready' && !hasStarted) return sendHealth(response, hasStarted)
    if (path === '/ready') return void sendReadiness(response, options.checkReady)
    return application(request, response)
  })
  await listen(server, options)
  return {
    server,
    url: urlOf(server, options.host),
    announceStarted: () => {
      hasStarted = true
    },
    serve: (listener) => {
      application = listener
    },
    close: (patienceMs) => {
      isClosing = true
      return close(server, patienceMs)
    },
  }
}

function sendHealth(response: ServerResponse, hasStarted: boolean): void {
  if (hasStarted) sendJson(response, 200, { status: 'ok' })
  else sendJson(response, 503, { status: 'starting' })
}

function listen(server: Server, { host, port }: HttpFrontOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explained(error, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new AddressUnavailable(
        `Port ${port} of ${host} is taken by another program. Stop that one, or choose another port: npm start -- --port ${port + 1} (or PORT=${port + 1}).`,
      )
    case 'EACCES':
      return new AddressUnavailable(
        `This account may not listen on port ${port}. Choose one from 1024 on: npm start -- --port 4000.`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AddressUnavailable(
        `${host} is not an address of this machine. Set HOST to 127.0.0.1, or to 0.0.0.0 for all of them.`,
      )
    default:
      return error
  }
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

async function sendReadiness(response: ServerResponse<IncomingMessage>, check: () => Promise<void>): Promise<void> {
  try {
    await check()
    sendJson(response, 200, { status: 'ready' })
  } catch (error) {
    sendJson(response, 503, { status: 'unavailable', reason: error instanceof Error ? error.message : String(error) })
  }
}

function sendJson(response: ServerResponse<IncomingMessage>, status: number, body: Record<string, unknown>): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function close(server: Server, patienceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const timer = setTimeout(() => server.closeAllConnections(), patienceMs)
  server.closeIdleConnections()
  await closed
  clearTimeout(timer)
}
