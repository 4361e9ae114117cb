import { randomUUID } from 'node:crypto'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { createCollector } from '../collector.ts'
import { type History, NO_HISTORY } from '../history.ts'
import type { FieldSystem, Load, Run } from '../system.ts'

/** docs.bullmq.io, Workers, Concurrency: 100 to 300 for work that waits more than it computes. */
const BEST_CONCURRENCY = 100

export const system: FieldSystem = {
  async install(run) {
    const redis = new Redis(run.redisUrl)
    await redis.flushall()
    await redis.quit()
  },

  async openSender(run) {
    const queue = openQueue(run, 'noop')
    const history = run.hasHistory ? openStream(run.redisUrl) : NO_HISTORY
    return {
      async send(loads) {
        const jobs = await queue.addBulk(loads.map((data) => ({ name: 'noop', data })))
        await history.created(jobs.map(({ id }) => id!))
      },
      async countUnfinished() {
        const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized')
        return Object.values(counts).reduce((sum, count) => sum + count, 0)
      },
      async close() {
        await history.close()
        await queue.close()
      },
    }
  },

  async startWorker(run, handler) {
    const history = run.hasHistory ? openStream(run.redisUrl) : NO_HISTORY
    const worker = new Worker<Load>(
      'noop',
      async ({ id, data }) => {
        history.started(id!)
        await handler(data)
        history.completed(id!)
        return null
      },
      { connection: { url: run.redisUrl, maxRetriesPerRequest: null }, ...workerOptions(run) },
    )
    worker.on('error', console.error)
    await worker.waitUntilReady()
    return {
      flushed: history.flushed,
      async stop() {
        await worker.close()
        await history.close()
      },
    }
  },

  async openBacklog(run) {
    const queues = { served: openQueue(run, 'noop'), unserved: openQueue(run, 'unserved') }
    const worker = new Worker('noop', null, { connection: { url: run.redisUrl, maxRetriesPerRequest: null } })
    await worker.waitUntilReady()
    const token = randomUUID()
    return {
      async fill(count, kind) {
        // There is no way around the front door: a job is several keys that only its scripts know.
        const batch = 2_000
        for (let made = 0; made < count; made += batch) {
          const size = Math.min(batch, count - made)
          await queues[kind === 'served' ? 'served' : 'unserved'].addBulk(
            Array.from({ length: size }, () => ({ name: 'noop', data: { client: 'bench', sentAt: 0 } })),
          )
        }
      },
      async claim(limit) {
        // One job a command; ten commands share a round trip.
        const jobs = await Promise.all(Array.from({ length: limit }, () => worker.getNextJob(token, { block: false })))
        return jobs.filter((job) => job !== undefined).length
      },
      async close() {
        await worker.close()
        await queues.served.close()
        await queues.unserved.close()
      },
    }
  },
}

function openQueue(run: Run, name: string): Queue {
  return new Queue(name, { connection: { url: run.redisUrl } })
}

function workerOptions({ setup, slots }: Run): { concurrency?: number } {
  if (slots !== null) return { concurrency: slots }
  return setup === 'best' ? { concurrency: BEST_CONCURRENCY } : {}
}

/** The events in a stream of the same Redis, which is where a user of BullMQ has a log. */
function openStream(redisUrl: string): History {
  const redis = new Redis(redisUrl)
  const write = async (entries: readonly (readonly [string, string, string])[]): Promise<void> => {
    const pipeline = redis.pipeline()
    for (const [id, kind, status] of entries) {
      pipeline.xadd(
        'history',
        '*',
        'task',
        id,
        'type',
        'noop',
        'kind',
        kind,
        'status',
        status,
        'attempt',
        1,
        'actor',
        'bench',
      )
    }
    await pipeline.exec()
  }
  const collector = createCollector(write)
  return {
    created: (ids) => write(ids.map((id) => [id, 'TaskCreated', 'READY'])),
    started: (id) => collector.add([id, 'TaskStarted', 'RUNNING']),
    completed: (id) => collector.add([id, 'TaskCompleted', 'COMPLETED']),
    flushed: () => collector.flushed(),
    async close() {
      await collector.flushed()
      await redis.quit()
    },
  }
}
