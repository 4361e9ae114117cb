import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../field/percentile.ts'
import { chainOf, type Server, serving } from './serving.ts'

export interface ChainLatency {
  readonly steps: number
  /** From sending the mutation that starts the run to a subscriber's WorkflowRunCompleted, in milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly samples: number
}

/** Runs before the first sample: connections open, plans are made, code is compiled. */
const WARM_UP = 100

/** One run at a time of a chain of tasks that do nothing, on an idle server. */
export async function measureChain(url: string, { samples }: { samples: number }): Promise<ChainLatency> {
  const steps = 3
  return serving(url, { slots: 10 }, async (server) => {
    await server.define(chainOf('chain', steps))
    const waits = await sample(server, samples)
    return { steps, p50: percentile(waits, 0.5), p99: percentile(waits, 0.99), samples: waits.length }
  })
}

async function sample({ client, start }: Server, samples: number): Promise<number[]> {
  const endedAt = new Map<string, number>()
  let news = Promise.withResolvers<void>()
  const feed = client.events({ filter: { kind: { eq: 'WORKFLOW_RUN_COMPLETED' } } })
  const reading = (async () => {
    for await (const batch of feed) {
      if (batch.__typename !== 'EventBatch') continue
      for (const event of batch.events) if ('runId' in event) endedAt.set(String(event.runId), performance.now())
      news.resolve()
    }
  })()
  // A feed that breaks must not leave the loop below waiting.
  reading.catch((error: unknown) => news.reject(error))
  while (client.connection.state !== 'open') await delay(10)
  // The subscription is under way once a run that came after it is seen.
  await delay(200)
  const waits: number[] = []
  for (let made = 0; made < WARM_UP + samples; made++) {
    const startedAt = performance.now()
    const id = await start('chain')
    while (!endedAt.has(id)) {
      await news.promise
      news = Promise.withResolvers()
    }
    if (made >= WARM_UP) waits.push(endedAt.get(id)! - startedAt)
    // So that no poll falls into step with the runs.
    await delay(5 + Math.random() * 20)
  }
  await feed.return()
  await reading
  return waits
}
