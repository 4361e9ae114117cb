import type { TaskTypeDefinition } from '../worker/handler.ts'
import type { StopReason } from './stop-signals.ts'

export interface ServerOptions {
  /** Settings by the names of their variables (docs/settings.md), such as `{ PORT: '0' }`. Default: `process.env`. */
  readonly settings?: Readonly<Record<string, string | undefined>>
  /** Task types that the server's worker runs, besides the built-in ones. */
  readonly handlers?: readonly TaskTypeDefinition[]
}

/** A server in this process. */
export interface RunningServer {
  /** Without a path: the graph is at `/graphql` below it. Empty for a process without a port (one without the role api). */
  readonly url: string
  /** Resolves once the server has stopped as asked; rejects when something broke it. */
  readonly ended: Promise<void>
  /** Stops the server in order: running tasks may end first. Resolves when it has; calling it again does no harm. */
  stop(): Promise<void>
}

/**
 * Starts what `task-mgmt serve` starts, in this process: by default with an embedded PostgreSQL and all roles.
 *
 * Signals stay the caller's: call `stop` for those that should end the server.
 *
 * @returns when the server is ready
 * @throws RangeError when settings are wrong, naming each; otherwise what keeps it from starting, with what to do about it
 *
 * @example
 * const server = await startServer({ handlers: [greet], settings: { PORT: '4000' } })
 * process.once('SIGTERM', () => void server.stop())
 */
export async function startServer({
  settings = process.env,
  handlers = [],
}: ServerOptions = {}): Promise<RunningServer> {
  // Modules that only define task types import this one as well; they should not have to load a server.
  const [{ serve }, { openProcessLog }, { describeProblems, parseConfig }] = await Promise.all([
    import('./serve.ts'),
    import('./open-process-log.ts'),
    import('../infra/config/parse-config.ts'),
  ])
  const parsed = parseConfig({ env: settings, argv: [] })
  if (parsed.kind !== 'config') {
    throw new RangeError(`Wrong settings:\n${parsed.kind === 'problems' ? describeProblems(parsed.problems) : ''}`)
  }
  const controller = new AbortController()
  const end = (reason: StopReason): void => controller.abort(reason)
  const ready = Promise.withResolvers<string>()
  const ended = serve({
    config: parsed.config,
    handlers,
    log: openProcessLog(parsed.config),
    stop: { signal: controller.signal, breakDown: (error) => end({ kind: 'broken', error }) },
    print: undefined,
    onReady: ready.resolve,
  }).then((reason) => {
    if (reason.kind === 'broken') throw reason.error
  })
  ended.catch(ready.reject)
  const url = await ready.promise
  return {
    url,
    ended,
    stop: () => {
      end({ kind: 'asked', by: 'stop' })
      return ended
    },
  }
}
