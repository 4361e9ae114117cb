import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server that can break. */
export interface CuttingProxy {
  /** The server's URL as seen through the proxy. */
  readonly url: string
  /** Connections made so far. */
  readonly connections: number
  /** Breaks every connection at once, as a pulled cable does. */
  cut(): void
  /** From now on every nth answer of the server is lost, and its connection breaks: what was asked for has been done. */
  loseEvery(nth: number): void
  /** Answers lost so far. */
  readonly lost: number
  stop(): Promise<void>
}

/** Listens on a free port and passes everything on to the host and port of `url`. */
export async function startCuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let connections = 0
  let nth = Number.POSITIVE_INFINITY
  let answers = 0
  let lost = 0
  const server = createServer((near) => {
    connections += 1
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.on('data', (chunk: Buffer) => {
      answers += 1
      if (answers % nth === 0) {
        lost += 1
        near.destroy()
      } else if (!near.write(chunk)) {
        far.pause()
        near.once('drain', () => far.resume())
      }
    })
    far.on('end', () => near.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.port = String((server.address() as AddressInfo).port)
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: own.href,
    get connections() {
      return connections
    },
    get lost() {
      return lost
    },
    cut,
    loseEvery(n) {
      nth = n
    },
    async stop() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
