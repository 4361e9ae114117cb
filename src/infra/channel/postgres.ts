import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import type { Channel } from './channel.ts'
import { memoryChannel } from './memory.ts'

export interface PostgresChannelOptions {
  readonly url: string
  /** Called for each lost connection and each listener that throws. */
  readonly onError: (error: unknown) => void
}

/** The one channel of PostgreSQL that carries all topics: listening to another would cost a round trip and a lock. */
const WIRE = 'task_mgmt'

/** Messages of one NOTIFY: PostgreSQL takes 7,999 bytes. */
const MOST_BYTES = 7_900

/** Rest for each NOTIFY: while messages come without end, they travel 100 times a second. */
const REST_MS = 10
/** Rest that may be owed, so that the first few after a silence go at once: a step of a run that other processes carry out takes four. */
const MOST_OWED_MS = 50
const SHORTEST_BACK_OFF_MS = 50
const LONGEST_BACK_OFF_MS = 2_000
/** A server that does not answer holds up a close for no longer. */
const LONGEST_LAST_SEND_MS = 1_000

/**
 * The channel of a system in many processes that share a PostgreSQL and have no Redis, over LISTEN and NOTIFY.
 *
 * Listeners of this process hear at once; others by one connection of its own, on which equal messages that wait are sent once. NOTIFY
 * holds a lock of the whole server until its commit is done, which is why no transaction that does work sends one, and why its commit does
 * not wait for the disk. A publish while the connection is away reaches this process only. After each connect every listener is called
 * without a payload.
 *
 * It needs a session: behind a pooler that shares sessions between clients it hears nothing, and polls do its work.
 */
export function postgresChannel({ url, onError }: PostgresChannelOptions): Channel {
  const here = memoryChannel(onError)
  const closing = new AbortController()
  const waiting = new Set<string>()
  let session: Client | null = null
  let isSending = false
  let sending: Promise<void> = Promise.resolve()
  let restedAt = 0
  const firstConnect = Promise.withResolvers<void>()

  async function keepConnected(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; ) {
      const client = newClient(url)
      const ended = new Promise<void>((resolve) => client.once('end', resolve))
      try {
        await listen(client)
        closing.signal.throwIfAborted()
        session = client
        failures = 0
        here.wakeAll()
      } catch (error) {
        if (failures === 0) unlessClosing(error)
        failures += 1
        void client.end().catch(() => undefined)
      }
      firstConnect.resolve()
      if (session === client) await ended
      if (session === client) session = null
      if (closing.signal.aborted) return
      if (failures === 0) onError(new Error('The connection that carries wake-ups was lost; it is made again'))
      const backOffMs = Math.min(SHORTEST_BACK_OFF_MS * 2 ** Math.min(failures, 6), LONGEST_BACK_OFF_MS)
      await delay(backOffMs * (0.5 + Math.random() / 2), undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }

  async function listen(client: Client): Promise<void> {
    client.on('notification', ({ payload, processId }) => {
      // Our own have been heard already.
      if (processId !== backendOf(client)) for (const message of (payload ?? '').split('\n')) hear(message)
    })
    await client.connect()
    await client.query(`SET synchronous_commit = off; LISTEN ${WIRE}`)
  }

  function hear(message: string): void {
    const [topic, payload] = split(message)
    here.publish(topic, payload)
  }

  function unlessClosing(error: unknown): void {
    if (!closing.signal.aborted) onError(error)
  }

  function send(): void {
    if (!isSending) sending = sendAll()
  }

  async function sendAll(): Promise<void> {
    isSending = true
    // What a transaction rings for is published in one turn, and travels together.
    await Promise.resolve()
    while (session !== null && waiting.size > 0) {
      await session.query('SELECT pg_notify($1, $2)', [WIRE, takeSome(waiting)]).catch(unlessClosing)
      restedAt = Math.max(restedAt, performance.now()) + REST_MS
      const owedMs = restedAt - performance.now() - MOST_OWED_MS
      if (owedMs > 0) await delay(owedMs)
    }
    // What could not be sent is no news any more when there is a connection again.
    waiting.clear()
    isSending = false
  }

  const connection = keepConnected()
  return {
    publish(topic, payload) {
      here.publish(topic, payload)
      if (session === null || closing.signal.aborted) return
      waiting.add(payload === undefined ? topic : `${topic} ${payload.replaceAll('\n', ' ')}`)
      send()
    },
    async subscribe(topic, listener) {
      const unsubscribe = await here.subscribe(topic, listener)
      await firstConnect.promise
      return unsubscribe
    },
    async close() {
      closing.abort()
      await here.close()
      // One that is being made ends by itself, with its time-out at the latest.
      const last = session
      session = null
      if (last === null) return
      // pg cuts a connection that is ended in the middle of a query.
      await Promise.race([sending, delay(LONGEST_LAST_SEND_MS, undefined, { ref: false })])
      await last.end().catch(() => undefined)
      await connection
    },
  }
}

function newClient(url: string): Client {
  const client = new Client({
    connectionString: url,
    application_name: 'task-mgmt channel',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  })
  // The end follows; without a listener of its own a broken connection would end the process.
  client.on('error', () => undefined)
  return client
}

function backendOf(client: Client): number | undefined {
  return (client as Client & { readonly processID?: number }).processID
}

function split(message: string): [string, string | undefined] {
  const space = message.indexOf(' ')
  return space < 0 ? [message, undefined] : [message.slice(0, space), message.slice(space + 1)]
}

/** Takes messages that fit into one NOTIFY; one that is too large for any is left out: it only was a hint. */
function takeSome(waiting: Set<string>): string {
  const taken: string[] = []
  let bytes = 0
  for (const message of waiting) {
    const size = Buffer.byteLength(message) + 1
    if (bytes + size > MOST_BYTES && taken.length > 0) break
    waiting.delete(message)
    if (size > MOST_BYTES) continue
    taken.push(message)
    bytes += size
  }
  return taken.join('\n')
}
