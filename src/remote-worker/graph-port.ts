import { randomUUID } from 'node:crypto'
import type { EndAttempt } from '../engine/attempt-end.ts'
import type { EndedLease, LeaseKey, WorkPort } from '../loop/work-port.ts'
import type { Client } from '../sdk/client.ts'
import type {
  AttemptEndInput,
  ClaimTasksMutation,
  LineLevel,
  ParkInput,
  ReportAttemptsInput,
} from '../sdk/generated/operations.ts'
import { isRefused } from '../sdk/unwrap.ts'
import type { ClaimedAnswer } from '../task/answer.ts'
import type { JsonValue } from '../task/json.ts'
import type { ClaimedTask } from '../task/store/claim-tasks.ts'
import type { ParkRequest } from '../task/task-state.ts'
import { encodeTypeId, uuidOf } from '../task/type-id.ts'
import { inParts } from './in-parts.ts'
import { millisecondsOf } from './milliseconds-of.ts'
import { isRefusedForValues, type Patience, RefusedReport, untilAnswered } from './patience.ts'

const CLAIM_WAIT_MS = 20_000
/** A request that is not answered for so long after its wait is given up and sent again. */
const ANSWER_MS = 15_000
/** Most tasks in one claim. */
const LARGEST_CLAIM = 1_000
/** About how many bytes one request may carry; the server takes 2 MB. */
const LARGEST_BYTES = 1_000_000

export interface GraphPortOptions {
  readonly client: Client
  /** TypeID of the registered worker */
  readonly workerId: string
  readonly types: readonly string[]
  /** Ends when nothing can or need be reported any more. */
  readonly life: Patience
  /** The server refuses for good: the key, or the protocol. */
  readonly onRefused: (error: unknown) => void
  /** What a claim told of the worker's state. */
  readonly onState: (state: string) => void
}

/** The port of a worker in another process than the engine's. Requests are repeated until they are answered, with the same id. */
export function createGraphPort(options: GraphPortOptions): WorkPort {
  const { client, workerId, life } = options

  /** @returns null when it was given up */
  const send = async <Answer>(patience: Patience, request: (signal: AbortSignal) => Promise<Answer>, waitMs = 0) => {
    try {
      return await untilAnswered(patience, () => request(AbortSignal.timeout(waitMs + ANSWER_MS)))
    } catch (error) {
      if (isRefusedForValues(error)) throw error
      options.onRefused(error)
      return null
    }
  }

  const report = async (what: Omit<ReportAttemptsInput, 'workerId' | 'requestId'>) => {
    const input = { workerId, requestId: randomUUID(), ...what }
    const answer = await send(life, (signal) => client.reportAttempts({ input }, { signal }))
    if (answer !== null && isRefused(answer)) throw new RefusedReport(answer.message)
    return answer
  }

  const sendEnds = async (ends: readonly EndAttempt[]): Promise<void> => {
    const answer = await report({ ends: ends.map(endInputOf) })
    // What the server does not take for an output is a failure of the handler; what is stale is over anyway.
    const misfits = (answer?.ends ?? []).flatMap((one, index) =>
      one.__typename === 'ValidationError' ? [misfit(ends[index]!, one.message)] : [],
    )
    if (misfits.length > 0) await report({ ends: misfits.map(endInputOf) })
  }

  return {
    async claim(limit, signal) {
      const input = {
        workerId,
        requestId: randomUUID(),
        types: options.types,
        limit: Math.min(limit, LARGEST_CLAIM),
        wait: `PT${CLAIM_WAIT_MS / 1_000}S`,
      }
      const patience = { ...life, signal: AbortSignal.any([life.signal, signal]) }
      const answer = await send(patience, (until) => client.claimTasks({ input }, { signal: until }), CLAIM_WAIT_MS)
      if (answer === null) return { tasks: [], hasMore: false, waitedMs: 0 }
      if (isRefused(answer)) {
        if (answer.__typename === 'NotFoundError') options.onState('LOST')
        else options.onRefused(new RefusedReport(answer.message))
        return { tasks: [], hasMore: false, waitedMs: 0 }
      }
      if (answer.state !== 'ACTIVE') options.onState(answer.state)
      return { tasks: answer.tasks.map(claimedOf), hasMore: answer.hasMore, waitedMs: millisecondsOf(answer.waited) }
    },
    // The heartbeat lists what is held, and the server gives the rest back.
    returnUnheld: async () => undefined,
    endedLeases: async () => [],
    async endAttempts(ends) {
      for (const part of inParts(ends, LARGEST_BYTES, sizeOfEnd)) await sendEnds(part)
    },
    async reportProgress(reports) {
      const progress = reports.map(({ taskId, epoch, fraction, message }) => ({
        taskId: encodeTypeId('task', taskId),
        epoch,
        fraction,
        message,
      }))
      const stale = new Set((await report({ progress }))?.staleTaskIds)
      return reports.filter(({ taskId }) => stale.has(encodeTypeId('task', taskId)))
    },
    async appendLog(entries) {
      for (const part of inParts(
        entries,
        LARGEST_BYTES,
        ({ message, fields }) => 200 + message.length + sizeOf(fields),
      )) {
        const log = part.map(({ taskId, epoch, level, message, fields }) => ({
          taskId: encodeTypeId('task', taskId),
          epoch,
          level: level.toUpperCase() as LineLevel,
          message,
          fields,
        }))
        await report({ log })
      }
    },
    isAboutValues: isRefusedForValues,
  }
}

/** A lease as the protocol names it. */
export function leaseInputOf({ taskId, epoch }: LeaseKey): { taskId: string; epoch: number } {
  return { taskId: encodeTypeId('task', taskId), epoch }
}

/** An ended lease as the executor knows it. */
export function endedLeaseOf({ taskId, epoch, reason }: { taskId: string; epoch: number; reason: string }): EndedLease {
  return { taskId: uuidOf('task', taskId)!, epoch, status: STATUS_OF_REASON[reason] ?? 'RUNNING' }
}

const STATUS_OF_REASON: Readonly<Record<string, string | null>> = {
  CANCELLED: 'CANCELLED',
  TIMED_OUT: 'FAILED',
  LOST: 'RUNNING',
}

type LeasedTask = Extract<ClaimTasksMutation['claimTasks'], { __typename: 'ClaimTasksSuccess' }>['tasks'][number]

function claimedOf(task: LeasedTask): ClaimedTask {
  return {
    id: uuidOf('task', task.id)!,
    name: task.name,
    type: task.type,
    input: task.input as JsonValue,
    labels: task.labels as Readonly<Record<string, string>>,
    attempt: task.attempt,
    epoch: task.epoch,
    version: task.version,
    wakeAt: new Date(task.wakeAt),
    timeLeftMs: millisecondsOf(task.timeLeft),
    answers: task.answers.map(answerOf),
  }
}

function answerOf({ key, eventId, payload, sender, at }: LeasedTask['answers'][number]): ClaimedAnswer {
  return {
    key,
    eventId: eventId === null ? null : uuidOf('event', eventId),
    payload: payload as JsonValue,
    sender,
    atMs: Date.parse(at),
  }
}

function endInputOf({ end, usage, ...lease }: EndAttempt): AttemptEndInput {
  const cpuTime = usage?.cpuMs === undefined ? {} : { cpuTime: durationOf(usage.cpuMs) }
  return { ...leaseInputOf(lease), ...cpuTime, ...howOf(end) }
}

function howOf(end: EndAttempt['end']): Omit<AttemptEndInput, 'taskId' | 'epoch'> {
  switch (end.kind) {
    case 'complete':
      return { complete: end.output === null ? {} : { output: JSON.parse(end.output) } }
    case 'fail': {
      const { code, message, stack, retryable, retryAfterMs } = end.error
      const retryAfter = retryAfterMs === undefined ? {} : { retryAfter: durationOf(retryAfterMs) }
      return { fail: { code, message, retryable, ...retryAfter, ...(stack !== undefined && { stack }) } }
    }
    case 'release':
      return { release: { reason: end.reason, delay: `PT${end.delayMs / 1_000}S` } }
    case 'park':
      return { park: parkInputOf(end.park) }
  }
}

function parkInputOf({ until, timeoutMs, waitKey, condition, lookBackMs }: ParkRequest): ParkInput {
  return {
    until: until?.toISOString() ?? null,
    key: waitKey,
    ...(timeoutMs !== undefined && { timeout: durationOf(timeoutMs) }),
    ...(condition !== undefined && { condition }),
    ...(lookBackMs !== undefined && { lookBack: durationOf(lookBackMs) }),
  }
}

function durationOf(ms: number): string {
  return `PT${(ms / 1_000).toFixed(3)}S`
}

function misfit({ taskId, epoch }: EndAttempt, message: string): EndAttempt {
  const error = { code: 'OUTPUT_INVALID', message, retryable: false, attempt: 0 }
  return { taskId, epoch, end: { kind: 'fail', outcome: 'FAILED', error } }
}

function sizeOfEnd({ end }: EndAttempt): number {
  if (end.kind === 'complete') return 200 + (end.output?.length ?? 0)
  return end.kind === 'fail' ? 200 + end.error.message.length + (end.error.stack?.length ?? 0) : 6_200
}

function sizeOf(fields: Record<string, JsonValue> | null): number {
  return fields === null ? 0 : 16_384
}
