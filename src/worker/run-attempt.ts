import type { JsonValue } from '../task/json.ts'
import { type JsonRefusal, toJsonText } from '../task/json-text.ts'
import { MAX_JSON_BYTES } from '../task/new-task.ts'
import type { InputIssue } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { storableText } from '../task/storable-text.ts'
import type { ClaimedTask } from '../task/store/claim-tasks.ts'
import type { TaskError } from '../task/task-state.ts'
import { encodeTypeId } from '../task/type-id.ts'
import { type HandlerContext, LeaseOutcome, type LogLevel, type TaskTypeDefinition } from './handler.ts'
import { answerOf, createLease } from './lease.ts'
import { errorFromThrown } from './thrown.ts'

/** How a handler's run ended; src/engine/end-attempts.ts writes it. */
export type RunEnd =
  | { readonly kind: 'complete'; readonly output: string | null }
  | { readonly kind: 'fail'; readonly outcome: 'FAILED'; readonly error: TaskError }
  | LeaseOutcome['end']

/** A task type as an executor serves it; schemas as JSON text, the key of their compilation. */
export interface ServedType {
  readonly handler: TaskTypeDefinition['handler']
  readonly inputSchema: string | null
  readonly outputSchema: string | null
}

/** Where a handler's words go; both return at once. */
export interface AttemptSink {
  progress(fraction: number, message: string | null): void
  log(level: LogLevel, message: string, fields: Record<string, JsonValue> | null): void
}

/**
 * Calls a handler for one claimed task and turns whatever comes of it into an end that can be written.
 *
 * Input and output are checked against the type's schemas. Never rejects.
 */
export async function runAttempt(
  type: ServedType,
  task: ClaimedTask,
  schemas: SchemaCheck,
  signal: AbortSignal,
  sink: AttemptSink,
): Promise<RunEnd> {
  const input = task.input ?? {}
  try {
    const wrong = type.inputSchema === null ? [] : schemas.problems(type.inputSchema, input, ['input'])
    if (wrong.length > 0) return failed(task, 'INPUT_INVALID', listed('The input does not fit the type', wrong), false)
    const handled = {
      id: encodeTypeId('task', task.id),
      name: task.name,
      type: task.type,
      input,
      labels: task.labels,
      attempt: task.attempt,
      epoch: task.epoch,
    }
    const returned: unknown = await type.handler(handled, contextOf(signal, sink, task.answers))
    if (returned instanceof LeaseOutcome) return returned.end
    return endWith(type, task, schemas, returned)
  } catch (thrown) {
    return { kind: 'fail', outcome: 'FAILED', error: errorFromThrown(thrown, task.attempt) }
  }
}

function endWith(type: ServedType, task: ClaimedTask, schemas: SchemaCheck, output: unknown): RunEnd {
  if (output === undefined && type.outputSchema === null) return { kind: 'complete', output: null }
  const json = toJsonText(output, MAX_JSON_BYTES)
  if (!json.ok) return unkeepable(task, json.refusal)
  const wrong = type.outputSchema === null ? [] : schemas.problems(type.outputSchema, JSON.parse(json.text), ['output'])
  if (wrong.length > 0) return failed(task, 'OUTPUT_INVALID', listed('The output does not fit the type', wrong), false)
  return { kind: 'complete', output: json.text }
}

function unkeepable(task: ClaimedTask, refusal: JsonRefusal): RunEnd {
  switch (refusal.kind) {
    case 'not_json':
      return failed(task, 'OUTPUT_INVALID', `The output cannot be kept as JSON: ${refusal.why}.`, false)
    case 'too_large': {
      const { bytes, limit } = refusal
      const message = `The output takes ${bytes} bytes of JSON; ${limit} are kept at most. Store it elsewhere and return where.`
      return failed(task, 'OUTPUT_TOO_LARGE', message, false)
    }
  }
}

function contextOf(signal: AbortSignal, sink: AttemptSink, answers: ClaimedTask['answers']): HandlerContext {
  return {
    signal,
    progress(fraction, message) {
      const share = Number.isFinite(fraction) ? Math.min(Math.max(fraction, 0), 1) : 0
      sink.progress(share, message === undefined ? null : storableText(message, 1_000))
    },
    log(level, message, fields) {
      sink.log(level, storableText(message, 10_000), fields ?? null)
    },
    lease: createLease((answers ?? []).map(answerOf)),
  }
}

function failed(task: ClaimedTask, code: string, message: string, retryable: boolean): RunEnd {
  return { kind: 'fail', outcome: 'FAILED', error: { code, message, retryable, attempt: task.attempt } }
}

function listed(what: string, issues: readonly InputIssue[]): string {
  return `${what}: ${issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}.`
}
