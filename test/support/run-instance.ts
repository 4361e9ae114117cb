import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { vi } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { startRun } from '../../src/engine/start-run.ts'
import { type Periodic, startPeriodic } from '../../src/loop/periodic.ts'
import type { TaskTypeDefinition } from '../../src/worker/handler.ts'
import { importWfFormat } from '../../src/workflow/import/wf-format.ts'
import type { WfInstance } from '../workflow/import/wf-instance.ts'
import { ACTOR } from './engine.ts'
import { runWorker } from './run-worker.ts'

/** What an instance says of its tasks: their run times, and what they come after. */
export interface TaskGraph {
  /** By the id of the instance. */
  readonly parents: ReadonlyMap<string, ReadonlySet<string>>
  readonly durationMs: ReadonlyMap<string, number>
}

/** What came of the run of an instance; steps go by the ids of the instance. */
export interface InstanceRun {
  readonly status: string
  /** From the run's start to its end, in milliseconds by the database's clock. */
  readonly wallMs: number
  /** Events of steps, in the order of the log. */
  readonly events: readonly { readonly kind: string; readonly task: string }[]
  /** When handlers began and ended, as they saw it themselves, in milliseconds. */
  readonly worked: ReadonlyMap<string, { readonly from: number; readonly to: number }>
}

/** Carries out runs of instances in this process: a worker and a scheduler that wake each other, as in a server. */
export interface InstanceRunner {
  run(instance: WfInstance, timeScale: number, withinMs: number): Promise<InstanceRun>
  /** @returns what went wrong meanwhile */
  stop(): Promise<readonly unknown[]>
}

/** As many tasks as a worker needs to be able to run at once, so that none of a run waits for a slot. */
export async function instanceRunner(db: Pool, slots: number): Promise<InstanceRunner> {
  const errors: unknown[] = []
  let stepping: Periodic | null = null
  const onBell = (topic: string): void => {
    if (topic === 'runs') stepping?.wake()
  }
  const worker = await runWorker(db, [timedWork], { slots, pollMs: 1_000, onBell })
  const { engine } = worker
  stepping = startPeriodic({
    everyMs: 200,
    run: () => advanceRuns(engine, (error) => errors.push(error)),
    onError: (error) => errors.push(error),
  })
  return {
    async run(instance, timeScale, withinMs) {
      const { length } = instance.workflow.specification.tasks
      const imported = importWfFormat(instance, { taskType: timedWork.name, timeScale, maxParallelSteps: length })
      if (!imported.ok) throw new Error(JSON.stringify(imported.problems))
      const { definition } = imported
      await createWorkflow(engine, ACTOR, { definition })
      const started = await startRun(engine, ACTOR, { workflow: definition.name, input: {} })
      if (!started.ok) throw new Error(JSON.stringify(started.refusal))
      const { runId } = started.value
      const read = async () => (await db.query(RUN, [runId])).rows[0]
      const hasEnded = async (): Promise<void> => {
        if ((await read()).wall_ms === null) throw new Error('The run has not ended')
      }
      await vi.waitFor(hasEnded, { timeout: withinMs, interval: 50 })
      const ids = new Map(definition.steps.map(({ id }, at) => [id, instance.workflow.specification.tasks[at]!.id]))
      const { status, wall_ms } = await read()
      const events = (await db.query(EVENTS, [runId])).rows
      const outputs = (await db.query('SELECT path, output FROM step_run WHERE run_id = $1', [runId])).rows
      return {
        status,
        wallMs: Number(wall_ms),
        events: events.map(({ kind, path }) => ({ kind, task: ids.get(path)! })),
        worked: new Map(outputs.map(({ path, output }) => [ids.get(path)!, output])),
      }
    },
    async stop() {
      await stepping?.stop()
      await worker.executor.stop(0)
      return [...errors, ...worker.errors]
    },
  }
}

const RUN = `SELECT status, extract(epoch FROM finished_at - started_at) * 1000 AS wall_ms FROM workflow_run WHERE id = $1`
const EVENTS = `SELECT kind, payload->>'path' AS path FROM event WHERE run_id = $1 AND payload ? 'path' ORDER BY version`

/** Takes as long as it is told, and tells when. */
const timedWork: TaskTypeDefinition = {
  name: 'timed_work',
  async handler({ input }) {
    const { durationMs } = input as { durationMs: number }
    const from = now()
    await delay(durationMs)
    return { from, to: now() }
  },
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

/** What the instance itself says, read apart from the import. */
export function taskGraphOf({ workflow }: WfInstance, timeScale: number): TaskGraph {
  const parents = new Map(workflow.specification.tasks.map((task) => [task.id, new Set(task.parents)]))
  for (const { id, children } of workflow.specification.tasks) for (const child of children) parents.get(child)!.add(id)
  const measured = workflow.execution.tasks.map(
    ({ id, runtimeInSeconds }) => [id, Math.round(runtimeInSeconds * 1_000 * timeScale)] as const,
  )
  return { parents, durationMs: new Map(measured) }
}

/** The longest chain of tasks that come after each other, in milliseconds: no run can be faster. */
export function criticalPathMs({ parents, durationMs }: TaskGraph): number {
  const endOf = new Map<string, number>()
  const end = (id: string): number => {
    const known = endOf.get(id)
    if (known !== undefined) return known
    const start = Math.max(0, ...[...parents.get(id)!].map(end))
    endOf.set(id, start + (durationMs.get(id) ?? 0))
    return endOf.get(id)!
  }
  return Math.max(...[...parents.keys()].map(end))
}

/** All that is wrong with the order of a run that completed: by its event log, and by what handlers saw. */
export function orderProblems(
  { parents }: TaskGraph,
  { events, worked }: Pick<InstanceRun, 'events' | 'worked'>,
): string[] {
  const problems: string[] = []
  const placesOf = (kind: string) => {
    const places = new Map<string, number>()
    for (const [place, event] of events.entries()) {
      if (event.kind !== kind) continue
      if (places.has(event.task)) problems.push(`${event.task} has two events ${kind}`)
      places.set(event.task, place)
    }
    return places
  }
  const [started, completed] = [placesOf('StepStarted'), placesOf('StepCompleted')]
  for (const [task, before] of parents) {
    const [start, end, work] = [started.get(task), completed.get(task), worked.get(task)]
    if (start === undefined || end === undefined || work === undefined) {
      problems.push(`${task} has not both started and completed`)
      continue
    }
    if (start > end) problems.push(`${task} completed before it started`)
    for (const parent of before) {
      if (!((completed.get(parent) ?? Number.POSITIVE_INFINITY) < start))
        problems.push(`${task} started before ${parent} had completed`)
      if (!((worked.get(parent)?.to ?? Number.POSITIVE_INFINITY) <= work.from))
        problems.push(`the handler of ${task} began before that of ${parent} had ended`)
    }
  }
  return problems
}
