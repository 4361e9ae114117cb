/** The systems in the field, by the names that --only takes. */
export const SYSTEMS = ['ours', 'graphile-worker', 'pg-boss', 'bullmq', 'dbos'] as const
export type SystemName = (typeof SYSTEMS)[number]

/** `best`: as the system's documents advise for throughput. `default`: what it does when nothing is set. */
export type SetupName = 'best' | 'default'

/** One measurement's world; plain JSON, so that every process of it gets the same. */
export interface Run {
  readonly system: SystemName
  readonly setup: SetupName
  /** Whether a peer also writes three events per task. Ours always does. */
  readonly hasHistory: boolean
  readonly part: 'throughput' | 'latency' | 'backlog' | 'fairness'
  readonly postgresUrl: string
  readonly redisUrl: string
  /** Handlers that run at once in each worker process, where the part and not the set-up decides. */
  readonly slots: number | null
  /** How long a handler takes, in milliseconds; 0 returns at once. */
  readonly handlerMs: number
  /** Scheduling strategy of ours; null leaves the default. */
  readonly strategy: string | null
}

/** What a task carries. */
export interface Load {
  /** Who sent it. */
  readonly client: string
  /** When it was sent, by {@link clockMs}. */
  readonly sentAt: number
}

/** Milliseconds of the machine's monotonic clock: the same in every process. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Adds tasks, in the system's best form for batches. */
export interface Sender {
  /** Resolves when they are durably accepted. */
  send(loads: readonly Load[]): Promise<void>
  /** Tasks that have not reached their end. */
  countUnfinished(): Promise<number>
  close(): Promise<void>
}

export interface Worker {
  /** Resolves when what was reported as history is written. */
  flushed(): Promise<void>
  stop(): Promise<void>
}

/** Tasks that a worker serves; of a type or queue that nobody serves; or (ours) under a concurrency key that has no room. */
export type BacklogKind = 'served' | 'unserved' | 'held'

/** What waits, and what it costs to take some of it. */
export interface Backlog {
  /** Adds waiting tasks. Those in front of others are added before them. */
  fill(count: number, kind: BacklogKind): Promise<void>
  /** Takes the next tasks as a worker does. @returns how many it got */
  claim(limit: number): Promise<number>
  close(): Promise<void>
}

/** What each module in systems/ exports as `system`. */
export interface FieldSystem {
  /** Makes schemas and queues in an empty place. */
  install(run: Run): Promise<void>
  openSender(run: Run): Promise<Sender>
  /** @param handler called at the start of each task */
  startWorker(run: Run, handler: (load: Load) => void | Promise<void>): Promise<Worker>
  openBacklog(run: Run): Promise<Backlog>
}
