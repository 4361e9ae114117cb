import { setTimeout as delay } from 'node:timers/promises'
import { cpuMsOf, cpuMsOfTree } from './cpu.ts'
import { type Member, startMember } from './member.ts'
import { type Memory, watchMemory } from './memory.ts'
import { clockMs, type Run, type SetupName, type SystemName } from './system.ts'
import { inDatabase, type World } from './world.ts'

export interface ThroughputCase {
  readonly system: SystemName
  readonly setup: SetupName
  readonly hasHistory: boolean
  readonly workers: number
}

export interface ThroughputResult extends ThroughputCase {
  readonly perSecond: number
  /** Whether all tasks came to their end in the time given; else the rate is what was started in it. */
  readonly isComplete: boolean
  readonly memory: Memory
  /** Per task: CPU of the processes of Node, of PostgreSQL and of Redis in microseconds, log written and commits of PostgreSQL. */
  readonly perTask: {
    readonly nodeUs: number
    readonly postgresUs: number
    readonly redisUs: number
    readonly walBytes: number
    readonly commits: number
  }
}

/** Tasks of one call of the sender. */
const BATCH = 500
const WARM_UP = 2_000
const LONGEST_WARM_UP_MS = 5_000

/**
 * Sends tasks from one process while others work on them, and stops the clock when the last has come to its end in the
 * database and its history is written.
 */
export async function measureThroughput(
  world: World,
  asked: ThroughputCase,
  { tasks, seconds }: { tasks: number; seconds: number },
): Promise<ThroughputResult> {
  return world.inEmptyPlace(asked.system, async (place) => {
    const { workers: _, ...what } = asked
    const run: Run = { ...what, ...place, part: 'throughput', slots: null, handlerMs: 0, strategy: null }
    const started: number[] = []
    const sum = (): number => started.reduce((all, count) => all + count, 0)
    const sender = await startMember(run)
    const members: Member[] = [sender]
    try {
      await sender.ask('install')
      await sender.ask('openSender')
      const workers: Member[] = []
      for (let index = 0; index < asked.workers; index++) {
        started.push(0)
        const worker = await startMember(run, (report) => {
          started[index] = report.started
        })
        members.push(worker)
        workers.push(worker)
        await worker.ask('startWorker', { watch: '' })
      }
      await sender.ask('flood', { client: 'warm-up', count: WARM_UP, batch: BATCH })
      await until(() => sum() >= WARM_UP, LONGEST_WARM_UP_MS)
      const ofNode = members.map(({ pid }) => pid)
      const before = await usage(world, place.postgresUrl, ofNode)
      const memory = watchMemory({
        sender: sender.pid,
        workers: workers.map(({ pid }) => pid),
        postmaster: world.ground.postmasterPid,
        redis: world.redis.pid,
      })
      const had = sum()
      const startedAt = clockMs()
      const sent = sender.ask('flood', { client: 'bench', count: tasks, batch: BATCH })
      sent.catch(() => undefined)
      const isComplete = await until(() => sum() >= WARM_UP + tasks, seconds * 1_000)
      if (isComplete) {
        await sent
        await Promise.all(workers.map((worker) => worker.ask('flushed')))
        while ((await sender.ask('countUnfinished')) > 0) await delay(5)
      }
      const elapsedMs = clockMs() - startedAt
      // What was left of the warm-up by a slow system counts as well.
      const done = sum() - had
      const after = await usage(world, place.postgresUrl, ofNode)
      const per = (key: keyof Usage): number => (after[key] - before[key]) / Math.max(done, 1)
      return {
        ...asked,
        perSecond: (done * 1_000) / elapsedMs,
        isComplete,
        memory: await memory(),
        perTask: {
          nodeUs: per('nodeMs') * 1_000,
          postgresUs: per('postgresMs') * 1_000,
          redisUs: per('redisMs') * 1_000,
          walBytes: per('walBytes'),
          commits: per('commits'),
        },
      }
    } finally {
      await Promise.all(members.map((member) => member.end()))
    }
  })
}

interface Usage {
  readonly nodeMs: number
  readonly postgresMs: number
  readonly redisMs: number
  readonly walBytes: number
  readonly commits: number
}

async function usage(world: World, postgresUrl: string, ofNode: readonly number[]): Promise<Usage> {
  const [nodeMs, postgresMs, redisMs, counts] = await Promise.all([
    cpuMsOf(ofNode),
    cpuMsOfTree(world.ground.postmasterPid),
    cpuMsOf([world.redis.pid]),
    inDatabase(postgresUrl, async (client) => {
      // Sessions report their commits when they are idle, at most once a second.
      await delay(1_000)
      const { rows } = await client.query(
        `SELECT (SELECT wal_bytes FROM pg_stat_wal)::float8 AS "walBytes",
          (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database())::float8 AS "commits"`,
      )
      return rows[0] as { walBytes: number; commits: number }
    }),
  ])
  return { nodeMs, postgresMs, redisMs, ...counts }
}

async function until(isTrue: () => boolean, longestMs: number): Promise<boolean> {
  const end = clockMs() + longestMs
  while (!isTrue()) {
    if (clockMs() > end) return false
    await delay(5)
  }
  return true
}
