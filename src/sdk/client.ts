import { type CreateTaskInput, getSdk, type Sdk, type TaskDetailsFragment } from './generated/operations.ts'
import { httpRequest } from './http-request.ts'
import { type BackOff, DEFAULT_BACK_OFF } from './socket/back-off.ts'
import { type ConnectionStatus, createConnectionStatus } from './socket/connection-state.ts'
import { createSharedConnection } from './socket/shared-connection.ts'
import { socketUrlOf, type WebSocketClass } from './socket/web-socket.ts'
import { openSubscription } from './subscription/open-subscription.ts'
import { resumable } from './subscription/resumable.ts'
import { isFinished } from './subscription/resume-rule.ts'
import type { CallOptions, Subscription, Transport } from './transport.ts'
import { unwrap } from './unwrap.ts'
import { type TaskChange, watchTask } from './watch-task.ts'

export interface ClientOptions {
  /** Where the graph is, like `http://127.0.0.1:4000/graphql`. */
  readonly url: string
  /** Sent as a bearer token, and when a socket opens. */
  readonly apiKey?: string
  /** Default: the global one. */
  readonly fetch?: typeof fetch
  /** Default: the global one. */
  readonly webSocket?: WebSocketClass
  /** How long to wait before a lost connection is tried again. */
  readonly backOff?: BackOff
  /** Failures to connect in a row after which subscriptions throw NetworkError. Default: they keep trying. */
  readonly maxFailures?: number
}

/** A client of one server. */
export interface Client extends Sdk {
  /** The socket that all subscriptions share. */
  readonly connection: ConnectionStatus
  /**
   * A task from where it stands to its end: first its state, then every event in order, each once, across cuts.
   *
   * ```ts
   * for await (const { event, task } of client.watchTask(id)) console.log(event?.__typename, task.status)
   * ```
   */
  watchTask(id: string, options?: CallOptions): Subscription<TaskChange>
  /**
   * Makes a task and waits for its end, however that turns out: look at `status`.
   *
   * ```ts
   * const { status, output } = await client.runTask({ name: 'Analysis', type: 'code_analysis', input: { path: 'src' } })
   * ```
   *
   * @throws TaskMgmtError when the task is refused
   * @throws the signal's reason when it fires; the task goes on
   */
  runTask(input: CreateTaskInput, options?: CallOptions): Promise<TaskDetailsFragment>
  /** Ends all subscriptions. Queries and mutations need no end. */
  close(): void
}

/**
 * Makes a client. Nothing is sent before the first call; the socket opens with the first subscription.
 *
 * Queries and mutations are promises of the answer, verbs answer with a union of their success and typed refusals.
 * Subscriptions are async iterables that go on by themselves after a cut, without loss and without repetition.
 *
 * ```ts
 * import { createClient, unwrap } from 'task-mgmt/sdk'
 *
 * const client = createClient({ url: 'http://127.0.0.1:4000/graphql' })
 * const { task } = unwrap(await client.createTask({ input: { name: 'Analysis', type: 'code_analysis' } }))
 * for await (const { status, progress } of client.taskUpdated({ id: task.id })) console.log(status, progress?.fraction)
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const {
    url,
    apiKey,
    fetch = globalThis.fetch,
    webSocket = globalThis.WebSocket as unknown as WebSocketClass,
  } = options
  const closing = new AbortController()
  const status = createConnectionStatus()
  const key = apiKey === undefined ? {} : { apiKey }
  const connection = createSharedConnection({
    ...key,
    url: socketUrlOf(url),
    webSocket,
    status,
    backOff: options.backOff ?? DEFAULT_BACK_OFF,
    maxFailures: options.maxFailures ?? Number.POSITIVE_INFINITY,
  })
  const until = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
  const transport: Transport = {
    request: (operation, variables, { signal } = {}) =>
      httpRequest({ ...key, url, fetch }, operation, variables, signal),
    subscribe: (operation, variables, { signal } = {}) =>
      openSubscription((ending) => resumable({ connection, operation, variables }, ending), until(signal)),
  }
  const sdk = getSdk(transport)
  const watch = (id: string, { signal }: CallOptions = {}): Subscription<TaskChange> =>
    openSubscription((ending) => watchTask(sdk, id, ending), until(signal))
  return {
    ...sdk,
    connection: status,
    watchTask: watch,
    async runTask(input, call = {}) {
      let { task } = unwrap(await sdk.createTask({ input }, call))
      for await (const change of watch(task.id, call)) task = change.task
      call.signal?.throwIfAborted()
      if (!isFinished(task.status)) throw new Error(`The client was closed before the task ${task.id} ended.`)
      return task
    },
    close: () => closing.abort(),
  }
}
