import type { ClientBase } from 'pg'
import { accepted, type Refusal, type Result } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { type AttemptRecord, readAttemptRecords } from '../task/store/attempts.ts'
import { readTaskTypes } from '../task/store/task-types.ts'
import type { TaskState } from '../task/task-state.ts'
import type { AttemptEnded, EndAttempt } from './attempt-end.ts'

/** Outputs from outside this process that do not fit the schemas of their types; those from inside were checked where they were made. */
export async function misfitsOf(
  client: ClientBase,
  schemas: SchemaCheck | undefined,
  tasks: ReadonlyMap<string, TaskState>,
  ends: readonly EndAttempt[],
): Promise<ReadonlyMap<EndAttempt, Refusal>> {
  const misfits = new Map<EndAttempt, Refusal>()
  const outputs = ends.flatMap((end) =>
    end.workerId !== undefined && end.end.kind === 'complete' ? [{ end, output: end.end.output }] : [],
  )
  if (schemas === undefined || outputs.length === 0) return misfits
  const names = new Set([...tasks.values()].map(({ type }) => type))
  const { types } = await readTaskTypes(client, tenantOf(tasks), [...names])
  for (const { end, output } of outputs) {
    const schema = types.get(tasks.get(end.taskId)?.type ?? '')?.outputSchema ?? null
    if (schema === null) continue
    const issues = schemas.problems(schema, JSON.parse(output ?? 'null'), ['output'])
    if (issues.length > 0) misfits.set(end, { code: 'VALIDATION', issues })
  }
  return misfits
}

/**
 * Answers as done what a worker over the graph says again because the answer was lost: its attempt has ended under the same epoch
 * in the same way. Changes the answers in place.
 */
export async function acceptRepeats(
  client: ClientBase,
  tenant: string,
  ends: readonly EndAttempt[],
  answers: Result<AttemptEnded>[],
): Promise<void> {
  const repeats = ends.flatMap((end, index) => {
    const answer = answers[index]!
    return end.workerId !== undefined && !answer.ok && answer.refusal.code === 'STALE_LEASE' ? [{ end, index }] : []
  })
  if (repeats.length === 0) return
  const leases = repeats.map(({ end }) => ({
    taskId: end.taskId,
    epoch: end.epoch,
    workerId: end.workerId!,
    output: end.end.kind === 'complete' ? end.end.output : null,
  }))
  const records = await readAttemptRecords(client, tenant, leases)
  for (const [place, { end, index }] of repeats.entries()) {
    const record = records.get(place)
    if (record === undefined || !isSameEnd(end, record)) continue
    answers[index] = accepted({ taskId: end.taskId, version: record.version, status: record.status })
  }
}

function isSameEnd({ end, epoch }: EndAttempt, record: AttemptRecord): boolean {
  switch (end.kind) {
    case 'complete':
      return record.outcome === 'COMPLETED' && record.isSameOutput
    case 'fail':
      return record.outcome === end.outcome && record.code === end.error.code && record.message === end.error.message
    case 'release':
      return record.outcome === 'RELEASED'
    case 'park':
      return record.outcome === null && record.status !== 'RUNNING' && record.currentEpoch === epoch
  }
}

function tenantOf(tasks: ReadonlyMap<string, TaskState>): string {
  return [...tasks.values()][0]?.tenant ?? ''
}
