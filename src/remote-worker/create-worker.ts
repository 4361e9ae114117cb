import { hostname } from 'node:os'
import { machineResources } from '../infra/machine-resources.ts'
import { createHandlerThreads, type HandlerThreads } from '../loop/thread-handler.ts'
import { createClient } from '../sdk/client.ts'
import type { RegisterWorkerInput } from '../sdk/generated/operations.ts'
import type { JsonValue } from '../task/json.ts'
import type { TaskResources } from '../task/resources.ts'
import type { TaskHandler } from '../worker/handler.ts'
import { defaultsInputOf } from './defaults-input-of.ts'
import type { ServedDefinition, ThreadDefinition } from './definition.ts'
import { type RemoteRun, startRun } from './remote-run.ts'
import { resourcesInputOf } from './resources-input-of.ts'
import { type Served, servedOf } from './served.ts'

const DEFAULT_SLOTS = 10
const DEFAULT_LEASE_MS = 30_000
const DEFAULT_CUT_OFF_MS = 5_000
const DEFAULT_GRACE_MS = 25_000

export interface WorkerOptions {
  /** Where the graph is, like `http://127.0.0.1:4000/graphql`. */
  readonly url: string
  /** A key of role WORKER. */
  readonly apiKey?: string
  /** What people call it. Default: host and process. */
  readonly name?: string
  /** Tasks that it runs at once, 1 to 10,000. Default: 10. */
  readonly slots?: number
  /** What its tasks may take together, beside or instead of the processors and the memory of its machine; 0 for none of it. */
  readonly resources?: TaskResources
  /** The queues that it takes tasks from, 1 to 100. Default: `default`. */
  readonly queues?: readonly string[]
  /** Names and values it is chosen by. */
  readonly labels?: Readonly<Record<string, string>>
  /** Version of the program, shown with the worker. */
  readonly version?: string
  /** After this silence its tasks run elsewhere, 1,000 to 3,600,000 milliseconds. Default: 30,000. */
  readonly leaseMs?: number
  /** How long a handler has to stop after its signal, in milliseconds. Default: 5,000. */
  readonly cutOffMs?: number
  /** How long handlers may go on when the worker is asked to stop, in milliseconds. Default: 25,000. */
  readonly graceMs?: number
  /** Whether SIGTERM and SIGINT stop the worker. Default: true. */
  readonly stopsOnSignals?: boolean
  /** What the worker has to say. Default: lines on stderr. */
  readonly onLog?: (level: 'info' | 'warn' | 'error', message: string) => void
}

/** A worker of the graph. */
export interface RemoteWorker {
  /**
   * Serves a task type with a function.
   *
   * @throws TypeError when the type is served already or the worker was started
   */
  handle<Input = JsonValue, Output = JsonValue>(
    type: string,
    definition: ServedDefinition<Input, Output>,
    handler: TaskHandler<Input, Output>,
  ): this
  /** Serves a task type with the `handler` of a module, in a thread for each task that runs. */
  handle(type: string, definition: ThreadDefinition): this
  /**
   * Signs on and starts to work; waits for a server that is not there yet.
   *
   * @throws TaskMgmtError when the types are refused
   * @throws GraphQLRequestError when the key or the protocol is refused
   */
  start(): Promise<void>
  /** Claims no more, waits for the handlers, gives back what outlasts the grace, and signs off. */
  stop(options?: { readonly graceMs?: number }): Promise<void>
  /** Resolves when the worker has stopped; rejects when the server refused it for good. */
  readonly ended: Promise<void>
  /** TypeID of the present registration; null before and after. A worker that was taken for lost gets another. */
  readonly id: string | null
  /** Handlers that run now. */
  readonly running: number
}

/**
 * Makes a worker that serves task types from this process, over the graph.
 *
 * ```ts
 * import { createWorker } from 'task-mgmt/worker'
 *
 * const worker = createWorker({ url: 'http://127.0.0.1:4000/graphql', apiKey: process.env.TASK_MGMT_API_KEY })
 * worker.handle('greet', { input: z.object({ name: z.string() }) }, async ({ input }, { signal, log, progress }) => `Hello, ${input.name}`)
 * await worker.start()
 * await worker.ended
 * ```
 */
export function createWorker(options: WorkerOptions): RemoteWorker {
  const { cutOffMs = DEFAULT_CUT_OFF_MS, slots = DEFAULT_SLOTS } = options
  const say = options.onLog ?? sayOnStderr
  const client = createClient({ url: options.url, ...(options.apiKey !== undefined && { apiKey: options.apiKey }) })
  const served = new Map<string, Served>()
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => undefined)
  const stopping = new AbortController()
  let threads: HandlerThreads | undefined
  let starting: Promise<void> | undefined
  let stopped: Promise<void> | undefined
  let run: RemoteRun | null = null

  const begin = async (): Promise<void> => {
    run = await startRun(
      {
        client,
        url: options.url,
        apiKey: options.apiKey,
        registration: registrationOf(options, [...served.values()]),
        served: [...served.values()],
        slots,
        cutOffMs,
        say,
        onDrain: () => {
          say('info', 'The worker was asked to drain: it finishes what it holds and stops.')
          void worker.stop()
        },
        onLost: () => {
          starting = again()
        },
        onRefused: (error) => {
          say('error', `The server refuses this worker, so it stops: ${error instanceof Error ? error.message : error}`)
          giveUp(error)
        },
      },
      stopping.signal,
    )
    if (run !== null) say('info', `Signed on as ${run.workerId}, serving ${[...served.keys()].join(', ')}.`)
  }

  const giveUp = (error: unknown): void => {
    ended.reject(error)
    void worker.stop({ graceMs: 0 })
  }

  const again = async (): Promise<void> => {
    say('warn', 'The worker was taken for lost: what it held runs elsewhere. It signs on anew.')
    const former = run
    run = null
    await former?.stop(0)
    if (stopping.signal.aborted) return
    await begin().catch(giveUp)
  }

  const stop = async (graceMs: number): Promise<void> => {
    stopping.abort()
    for (const name of STOP_SIGNALS) process.off(name, onSignal)
    await starting?.catch(() => undefined)
    await run?.stop(graceMs)
    run = null
    await threads?.close()
    client.close()
    ended.resolve()
  }

  const handle = (
    type: string,
    definition: ServedDefinition<unknown, unknown> | ThreadDefinition,
    handler?: TaskHandler<never, unknown>,
  ): RemoteWorker => {
    if (starting !== undefined) throw new TypeError(`"${type}" comes too late: serve types before start()`)
    if (served.has(type)) throw new TypeError(`"${type}" is served already`)
    if ('file' in definition) threads ??= createHandlerThreads({ size: slots, cutOffMs })
    const run = 'file' in definition ? threads!.handlerOf(definition.file) : handler
    if (typeof run !== 'function') throw new TypeError(`"${type}" needs a handler: a function, or a file`)
    served.set(type, servedOf(type, definition, run as TaskHandler<never, unknown>))
    return worker
  }

  const onSignal = (): void => void worker.stop()

  const worker: RemoteWorker = {
    handle: handle as RemoteWorker['handle'],
    start() {
      if (served.size === 0) throw new TypeError('The worker serves nothing: call handle() before start()')
      if (options.stopsOnSignals !== false) for (const name of STOP_SIGNALS) process.on(name, onSignal)
      starting ??= begin()
      starting.catch(giveUp)
      return starting
    },
    stop({ graceMs = options.graceMs ?? DEFAULT_GRACE_MS } = {}) {
      stopped ??= stop(graceMs)
      return stopped
    },
    ended: ended.promise,
    get id() {
      return run?.workerId ?? null
    },
    get running() {
      return run?.running ?? 0
    },
  }
  return worker
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const

function registrationOf(
  { name, version, queues, labels, resources, slots = DEFAULT_SLOTS, leaseMs = DEFAULT_LEASE_MS }: WorkerOptions,
  served: readonly Served[],
): Omit<RegisterWorkerInput, 'requestId'> {
  return {
    name: name ?? `${hostname()}-${process.pid}`,
    host: hostname(),
    pid: process.pid,
    slots,
    resources: resourcesInputOf({ ...machineResources(), ...resources }),
    lease: `PT${leaseMs / 1_000}S`,
    ...(version !== undefined && { version }),
    ...(queues !== undefined && { queues: [...queues] }),
    ...(labels !== undefined && { labels }),
    types: served.map((one) => ({
      name: one.name,
      ...(one.description !== undefined && { description: one.description }),
      ...(one.inputSchema !== undefined && { inputSchema: one.inputSchema }),
      ...(one.outputSchema !== undefined && { outputSchema: one.outputSchema }),
      defaults: defaultsInputOf(one.defaults),
    })),
  }
}

function sayOnStderr(level: string, message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${level.padEnd(5)} ${message}\n`)
}
