import { randomUUID } from 'node:crypto'
import { extname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createAttemptReporter } from '../loop/attempt-reporter.ts'
import { type Executor, startExecutor } from '../loop/executor.ts'
import { startHeartbeat } from '../loop/heartbeat.ts'
import type { Client } from '../sdk/client.ts'
import type { RegisterWorkerInput } from '../sdk/generated/operations.ts'
import { isRefused, unwrap } from '../sdk/unwrap.ts'
import { createSchemaCheck } from '../task/schema-check.ts'
import type { BeatOrder } from './beat-thread.ts'
import { createGraphPort, endedLeaseOf, leaseInputOf } from './graph-port.ts'
import { millisecondsOf } from './milliseconds-of.ts'
import { type Patience, untilAnswered } from './patience.ts'
import { type Served, servedType } from './served.ts'

const BEAT_THREAD = new URL(`./beat-thread${extname(import.meta.url)}`, import.meta.url)
const HEARTBEAT_WAIT_MS = 20_000
const ANSWER_MS = 15_000
/** Between two heartbeats that list leases: what changes within is told together. */
const HEARTBEAT_PAUSE_MS = 200
/** Pause between claims that brought nothing: the wait is in the claim. */
const POLL_MS = 50
/** How long the last requests may take after the grace, in milliseconds. */
const GOODBYE_MS = 5_000

export interface RemoteRunOptions {
  readonly client: Client
  readonly url: string
  readonly apiKey: string | undefined
  readonly registration: Omit<RegisterWorkerInput, 'requestId'>
  readonly served: readonly Served[]
  readonly slots: number
  readonly cutOffMs: number
  readonly say: (level: 'info' | 'warn' | 'error', message: string) => void
  /** Somebody asked for the worker to be drained. */
  readonly onDrain: () => void
  /** It was taken for lost: it must sign on anew. */
  readonly onLost: () => void
  /** The server refuses for good: the key, or the protocol. */
  readonly onRefused: (error: unknown) => void
}

/** One registration of a worker, from signing on to signing off. */
export interface RemoteRun {
  /** TypeID */
  readonly workerId: string
  readonly running: number
  /** Claims no more, waits for the handlers, gives back what outlasts the time, and signs off. */
  stop(graceMs: number): Promise<void>
}

/**
 * Signs on and starts to work.
 *
 * @param signal gives up signing on
 * @returns null when the signal fired first
 * @throws TaskMgmtError or GraphQLRequestError when the server refuses
 */
export async function startRun(options: RemoteRunOptions, signal: AbortSignal): Promise<RemoteRun | null> {
  const { client, served, slots, say } = options
  const life = new AbortController()
  const patience: Patience = { signal: life.signal, onMiss: createComplaint(say) }
  const input = { requestId: randomUUID(), ...options.registration }
  const answer = await untilAnswered({ ...patience, signal }, () =>
    client.registerWorker({ input }, { signal: AbortSignal.timeout(ANSWER_MS) }),
  )
  if (answer === null) return null
  const { workerId, heartbeatInterval } = unwrap(answer)

  let isOver = false
  const over = (tell: () => void): void => {
    if (!isOver) tell()
    isOver = true
  }
  const onState = (state: string): void => {
    if (state === 'DRAINING') over(options.onDrain)
    else if (state !== 'ACTIVE') over(options.onLost)
  }
  const onRefused = (error: unknown): void => {
    life.abort()
    over(() => options.onRefused(error))
  }
  const port = createGraphPort({
    client,
    workerId,
    types: served.map(({ name }) => name),
    life: patience,
    onRefused,
    onState,
  })
  const onError = (error: unknown): void => say('error', `The worker met an error; it goes on: ${textOf(error)}`)
  let executor: Executor | undefined
  const reporter = createAttemptReporter({ port, onError, onStale: (leases) => executor?.endLeases(leases) })
  const started = startExecutor({
    port,
    schemas: createSchemaCheck(),
    reporter,
    types: new Map(served.map((one) => [one.name, servedType(one)])),
    slots,
    pollMs: POLL_MS,
    cutOffMs: options.cutOffMs,
    onError,
  })
  executor = started
  const order: BeatOrder = {
    url: options.url,
    apiKey: options.apiKey,
    workerId,
    intervalMs: millisecondsOf(heartbeatInterval),
  }
  const stopBeating = startHeartbeat(BEAT_THREAD, order, (report) => {
    if (report.kind === 'beat') onState(report.state)
  })
  const heartbeats = keepListening({ client, workerId, executor: started, patience, onState, onRefused })

  return {
    workerId,
    get running() {
      return started.running
    },
    async stop(graceMs) {
      isOver = true
      const goodbye = delay(graceMs + GOODBYE_MS, undefined, { signal: life.signal, ref: false }).then(
        () => life.abort(),
        () => undefined,
      )
      await heartbeats.drain()
      await started.stop(graceMs)
      heartbeats.stop()
      await stopBeating()
      await untilAnswered({ ...patience, onMiss: () => undefined }, () =>
        client.stopWorker(
          { input: { workerId } },
          { signal: AbortSignal.any([life.signal, AbortSignal.timeout(ANSWER_MS)]) },
        ),
      ).catch(() => undefined)
      life.abort()
      await goodbye
    },
  }
}

interface Listening {
  readonly client: Client
  readonly workerId: string
  readonly executor: Executor
  readonly patience: Patience
  readonly onState: (state: string) => void
  readonly onRefused: (error: unknown) => void
}

/** Heartbeats that list what is held and wait for news of it. */
function keepListening({ client, workerId, executor, patience, onState, onRefused }: Listening): {
  /** Tells the server that no more tasks are wanted. */
  drain(): Promise<void>
  stop(): void
} {
  const stopping = new AbortController()
  const signal = AbortSignal.any([stopping.signal, patience.signal])
  let isDraining = false
  let hurry = new AbortController()

  const beat = async (waitMs: number, until: AbortSignal): Promise<void> => {
    const input = {
      workerId,
      held: executor.leases.map(leaseInputOf),
      wait: `PT${waitMs / 1_000}S`,
      ...(isDraining && { isDraining }),
    }
    const answer = await client.heartbeatWorker(
      { input },
      { signal: AbortSignal.any([until, AbortSignal.timeout(waitMs + ANSWER_MS)]) },
    )
    if (isRefused(answer)) {
      onState('LOST')
      return
    }
    executor.endLeases(answer.ended.map(endedLeaseOf))
    onState(answer.state)
  }

  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      const until = AbortSignal.any([signal, hurry.signal])
      try {
        await untilAnswered({ ...patience, signal: until }, () => beat(HEARTBEAT_WAIT_MS, until))
      } catch (error) {
        onRefused(error)
        return
      }
      await delay(HEARTBEAT_PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  void loop()

  return {
    async drain() {
      isDraining = true
      hurry.abort()
      hurry = new AbortController()
      await untilAnswered({ ...patience, signal: AbortSignal.any([signal, AbortSignal.timeout(GOODBYE_MS)]) }, () =>
        beat(0, signal),
      ).catch(() => undefined)
    },
    stop: () => stopping.abort(),
  }
}

/** Says that the server does not answer, and says it once in a while only. */
function createComplaint(say: RemoteRunOptions['say']): (error: unknown) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  return (error) => {
    const now = performance.now()
    if (now - saidAt < 10_000) return
    saidAt = now
    say('warn', `The server does not answer; the worker keeps trying: ${textOf(error)}`)
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
