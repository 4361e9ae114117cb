import { inspect } from 'node:util'
import { storableText } from '../task/storable-text.ts'
import type { TaskError } from '../task/task-state.ts'
import { TaskFailure } from './handler.ts'

const LONGEST_MESSAGE = 10_000
const LONGEST_STACK = 20_000

/**
 * A clean error from whatever a handler threw: an Error, a string, undefined, an object with a cycle or with getters
 * that throw in turn.
 *
 * @param attempt number of the attempt that threw, from 1
 */
export function errorFromThrown(thrown: unknown, attempt: number): TaskError {
  return (
    failureOf(thrown, attempt) ?? {
      code: 'HANDLER_ERROR',
      message: messageOf(thrown),
      ...stackOf(thrown),
      retryable: true,
      attempt,
    }
  )
}

/** The error of a TaskFailure; null when it is none, or one that cannot be read. */
function failureOf(thrown: unknown, attempt: number): TaskError | null {
  try {
    if (!(thrown instanceof TaskFailure)) return null
    return {
      code: storableText(thrown.code, 200) || 'HANDLER_ERROR',
      message: storableText(thrown.message, LONGEST_MESSAGE),
      ...stackOf(thrown),
      retryable: Boolean(thrown.retryable),
      ...retryAfterOf(thrown),
      attempt,
    }
  } catch {
    return null
  }
}

function retryAfterOf({ retryAfterMs }: TaskFailure): { retryAfterMs?: number } {
  return typeof retryAfterMs === 'number' && retryAfterMs > 0 ? { retryAfterMs } : {}
}

function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) {
      return (
        storableText(thrown.message, LONGEST_MESSAGE) ||
        storableText(thrown.name, 200) ||
        'The handler threw a nameless error.'
      )
    }
    if (typeof thrown === 'string') return storableText(thrown, LONGEST_MESSAGE) || 'The handler threw an empty string.'
    return storableText(
      `The handler threw ${inspect(thrown, { depth: 3, maxArrayLength: 20, maxStringLength: 1_000 })}`,
      LONGEST_MESSAGE,
    )
  } catch {
    return 'The handler threw a value that cannot be shown.'
  }
}

function stackOf(thrown: unknown): { stack?: string } {
  try {
    const stack = thrown instanceof Error ? thrown.stack : undefined
    return typeof stack === 'string' ? { stack: storableText(stack, LONGEST_STACK) } : {}
  } catch {
    return {}
  }
}
