import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Client } from 'pg'
import { HEARTBEAT } from '../worker/heartbeat-sql.ts'
import type { HeartbeatOrder, HeartbeatReport } from './heartbeat.ts'

const order = workerData as HeartbeatOrder

let client = null as Client | null

const stopping = new AbortController()
parentPort?.once('message', () => stopping.abort())

while (!stopping.signal.aborted) {
  parentPort?.postMessage(await beat())
  await delay(order.intervalMs, undefined, { signal: stopping.signal }).catch(() => undefined)
}
await client?.end().catch(() => undefined)

async function beat(): Promise<HeartbeatReport> {
  try {
    client ??= await connect()
    const { rows } = await client.query<{ state: string }>(HEARTBEAT, [order.tenant, order.workerId])
    return { kind: 'beat', state: rows[0]?.state ?? 'UNKNOWN' }
  } catch (error) {
    const broken = client
    client = null
    await broken?.end().catch(() => undefined)
    return { kind: 'missed', why: error instanceof Error ? error.message : String(error) }
  }
}

async function connect(): Promise<Client> {
  const fresh = new Client({
    connectionString: order.url,
    application_name: 'task-mgmt heartbeat',
    connectionTimeoutMillis: order.intervalMs,
    query_timeout: order.intervalMs,
  })
  // An idle connection that breaks says so here; the next beat opens another.
  fresh.on('error', () => {
    if (client === fresh) client = null
  })
  await fresh.connect()
  return fresh
}
