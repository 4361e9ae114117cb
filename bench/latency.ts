import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Client, createClient } from '../src/sdk/client.ts'
import { unwrap } from '../src/sdk/unwrap.ts'
import { rssMbOf } from './rss.ts'

const MAIN = new URL('../src/process/main.ts', import.meta.url).pathname
const HANDLERS = new URL('noop-handlers.ts', import.meta.url).pathname

export interface Latency {
  /** From sending the mutation to a subscriber's TaskCompleted, in milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Resident memory of the server, in MiB. */
  readonly serverRssMb: number
}

/**
 * One task at a time on an idle server of its own process: mutation over HTTP, no-op handler, and the end seen by a
 * subscriber over WebSocket.
 */
export async function measureLatency(url: string, { tasks }: { tasks: number }): Promise<Latency> {
  const port = 4_700 + Math.floor(Math.random() * 200)
  const args = [
    MAIN,
    'serve',
    '--port',
    String(port),
    '--database-url',
    url,
    '--handlers',
    HANDLERS,
    '--log-level',
    'error',
  ]
  const server = spawn(process.execPath, args, { stdio: 'ignore' })
  try {
    const address = `http://127.0.0.1:${port}`
    await untilReady(`${address}/health`)
    const client = createClient({ url: `${address}/graphql` })
    const samples = await sample(client, tasks)
    const serverRssMb = await rssMbOf(server.pid!)
    client.close()
    samples.sort((a, b) => a - b)
    const at = (share: number) => samples[Math.floor(samples.length * share)]!
    return { p50: at(0.5), p99: at(0.99), serverRssMb }
  } finally {
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
}

/** Tasks before the first sample: connections open, plans are made, code is compiled. */
const WARM_UP = 200

async function sample(client: Client, tasks: number): Promise<number[]> {
  const seenAt = new Map<string, number>()
  const waiting = new Map<string, () => void>()
  const feed = client.events({ filter: { kind: { eq: 'TASK_COMPLETED' } } })
  const reading = (async () => {
    for await (const batch of feed) {
      if (batch.__typename !== 'EventBatch') continue
      for (const event of batch.events) {
        if (!('taskId' in event)) continue
        seenAt.set(event.taskId, performance.now())
        waiting.get(event.taskId)?.()
      }
    }
  })()
  // A feed that breaks must not leave the loop below waiting.
  let broken: unknown = null
  reading.catch((error: unknown) => {
    broken = error
    for (const resolve of waiting.values()) resolve()
  })
  await untilOpen(client)
  const samples: number[] = []
  for (let made = 0; made < WARM_UP + tasks; made++) {
    const start = performance.now()
    const { task } = unwrap(await client.createTask({ input: { name: 'ping', type: 'noop' } }))
    if (!seenAt.has(task.id)) await new Promise<void>((resolve) => waiting.set(task.id, resolve))
    if (broken !== null) throw broken
    if (made >= WARM_UP) samples.push(seenAt.get(task.id)! - start)
  }
  await feed.return()
  await reading
  return samples
}

async function untilOpen(client: Client): Promise<void> {
  while (client.connection.state !== 'open') await delay(10)
  // The subscription is under way once a task that came after it is seen.
  await delay(200)
}

async function untilReady(url: string): Promise<void> {
  for (;;) {
    const response = await fetch(url).catch(() => null)
    if (response?.ok) return
    await delay(50)
  }
}
