import { afterAll, afterEach } from 'vitest'
import type { WorkerOptions } from '../../src/remote-worker/worker.ts'
import { uuidIn } from './graph-fixture.ts'
import { createWork } from './graph-worker.ts'
import { type LiveGraph, startLiveGraph } from './live-graph.ts'
import { type QuietWorker, quietWorker } from './remote-worker.ts'
import { until } from './until.ts'

/** What tests of remote workers stand on; nothing of one is left for the next. */
export interface RemoteWorkerFixture {
  readonly graph: LiveGraph
  /** A worker of this graph, unless it is given another; stopped after the test. */
  newWorker(options?: Partial<WorkerOptions>): QuietWorker
  /** Work of a worker that has signed on: before that the type is not known. Answers with TypeIDs. */
  create(...tasks: Parameters<typeof createWork>[1][]): Promise<string[]>
  // biome-ignore lint/suspicious/noExplicitAny: tests read rows of any shape
  rowOf(id: string): Promise<any>
  /** The task's row once it has ended. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read rows of any shape
  ended(id: string): Promise<any>
  /** Attempts that completed. What was held ready and given back in time is an attempt too, of which no handler knows. */
  completions(): Promise<number>
}

export async function remoteWorkerFixture(): Promise<RemoteWorkerFixture> {
  const graph = await startLiveGraph()
  afterAll(() => graph.stop())
  const workers: QuietWorker[] = []
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop({ graceMs: 0 })))
    await graph.pool.query(
      'TRUNCATE task, attempt_record, task_dependency, task_log, worker_request, event_wait, received_event CASCADE',
    )
  })
  const rowOf = async (id: string) => (await graph.pool.query('SELECT * FROM task WHERE id = $1', [uuidIn(id)])).rows[0]
  return {
    graph,
    newWorker(options = {}) {
      const worker = quietWorker({ url: graph.url, ...options })
      workers.push(worker)
      return worker
    },
    create: (...tasks) => createWork(graph.engine, ...tasks),
    rowOf,
    async ended(id) {
      await until(async () => (await rowOf(id)).finished_at !== null)
      return rowOf(id)
    },
    async completions() {
      const { rows } = await graph.pool.query(`SELECT count(*)::int AS n FROM attempt WHERE outcome = 'COMPLETED'`)
      return rows[0].n
    },
  }
}
