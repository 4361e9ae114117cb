import { GraphQLRequestError, NetworkError } from '../errors.ts'
import { type BackOff, pause, reconnectDelayMs } from './back-off.ts'
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts'
import type { SettableStatus } from './connection-state.ts'
import { type Closing, fatalCodeOf } from './protocol.ts'

/** A connection that lived so long was a good one: the next loss is the first again. */
const STABLE_MS = 5_000

export interface SharedConnectionOptions extends ConnectionOptions {
  readonly status: SettableStatus
  readonly backOff: BackOff
  /** Failures in a row after which subscriptions give up. */
  readonly maxFailures: number
}

/** One socket for all subscriptions: opened for the first of them, opened again when it is lost, closed after the last. */
export interface SharedConnection {
  /** Joins for as long as a subscription lives. */
  join(): Membership
}

/** What one subscription has of the shared socket. */
export interface Membership {
  /**
   * Waits for an open connection, for as long as it takes.
   *
   * @returns null when the signal fired first
   * @throws GraphQLRequestError when the server refuses for good
   * @throws NetworkError after `maxFailures`
   */
  connect(signal: AbortSignal): Promise<Connection | null>
  leave(): void
}

export function createSharedConnection(options: SharedConnectionOptions): SharedConnection {
  const { status, backOff, maxFailures } = options
  let members = 0
  let failures = 0
  let current: Connection | undefined
  let opening: { readonly connection: Promise<Connection | null>; readonly stop: AbortController } | undefined

  function leave(): void {
    members -= 1
    if (members > 0) return
    opening?.stop.abort()
    opening = undefined
    current?.close()
    current = undefined
    failures = 0
    status.set('closed')
  }

  function open(): Promise<Connection | null> {
    if (current?.isOpen) return Promise.resolve(current)
    if (opening === undefined) {
      const stop = new AbortController()
      const mine = { stop, connection: keepOpening(stop.signal) }
      opening = mine
      const done = () => {
        if (opening === mine) opening = undefined
      }
      mine.connection.then(done, done)
    }
    return opening.connection
  }

  async function keepOpening(signal: AbortSignal): Promise<Connection | null> {
    if (failures === 0) status.set('connecting')
    for (;;) {
      if (failures > 0) await pause(reconnectDelayMs(backOff, failures, Math.random()), signal)
      if (signal.aborted) return null
      const result = await openConnection(options, signal)
      if (signal.aborted) return null
      if ('isOpen' in result) {
        hold(result)
        return result
      }
      failures += 1
      giveUpIfHopeless(result)
      status.set('reconnecting', describe(result))
    }
  }

  function hold(connection: Connection): void {
    const since = performance.now()
    current = connection
    status.set('open')
    void connection.closed.then((closing) => {
      if (current !== connection) return
      current = undefined
      failures = performance.now() - since > STABLE_MS ? 1 : failures + 1
      if (fatalCodeOf(closing) === null) status.set('reconnecting', describe(closing))
    })
  }

  function giveUpIfHopeless(closing: Closing): void {
    const code = fatalCodeOf(closing)
    if (code === null && failures < maxFailures) return
    status.set('closed', describe(closing))
    failures = 0
    throw code === null
      ? new NetworkError(`No server answers at ${options.url}: ${describe(closing)}`, { url: options.url })
      : refusalOf(closing, code)
  }

  return {
    join() {
      members += 1
      return { connect: (signal) => orAborted(open(), signal), leave }
    },
  }
}

/** The error of a socket that the server closed for good. */
export function refusalOf(closing: Closing, code: string): GraphQLRequestError {
  return new GraphQLRequestError([{ message: describe(closing), extensions: { code, closeCode: closing.code } }])
}

function describe({ code, reason }: Closing): string {
  if (reason !== '') return reason
  return code === 1006 ? 'the connection broke' : `the connection was closed with code ${code}`
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const abort = () => resolve(null)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
