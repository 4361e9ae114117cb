import { freePort } from '../support/free-port.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'

/** A server on a port that stays its own through restarts. */
export interface SteadyServer {
  /** Of the graph, for HTTP and, with `ws:` in front, for sockets. */
  readonly url: string
  /** The process that runs now, or ran last. */
  readonly process: ServerProcess
  /** Resolves when it answers: at once, or after the restart under way. */
  readonly ready: Promise<unknown>
  /** All that any of its processes has written. */
  readonly output: () => string
  /** Ends the process and waits for that. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Starts it again on the same port. Returns milliseconds until it was ready. */
  start(): Promise<number>
}

export interface SteadyServerOptions {
  readonly env: Record<string, string>
  readonly argv?: readonly string[]
}

/** Starts `task-mgmt serve` on a port that is free now. */
export async function startSteadyServer({ env, argv = [] }: SteadyServerOptions): Promise<SteadyServer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/graphql`
  let earlier = ''
  let running: ServerProcess | undefined
  let ready = Promise.withResolvers<unknown>()
  const textOf = (process: ServerProcess) => process.output.stdout + process.output.stderr
  const server: SteadyServer = {
    url,
    get process() {
      return running!
    },
    get ready() {
      return ready.promise
    },
    output: () => earlier + (running === undefined ? '' : textOf(running)),
    async end(signal) {
      ready = Promise.withResolvers()
      running!.kill(signal)
      return running!.ended
    },
    async start() {
      const startedAt = performance.now()
      if (running !== undefined) earlier += textOf(running)
      running = spawnServer({ ...env, PORT: String(port) }, argv)
      await running.ready
      ready.resolve(undefined)
      return performance.now() - startedAt
    },
  }
  await server.start()
  return server
}
