import { GraphQLRequestError, NetworkError } from '../sdk/errors.ts'
import { pause, reconnectDelayMs } from '../sdk/socket/back-off.ts'

const BACK_OFF = { initialMs: 200, maxMs: 5_000 }

/** Codes of requests that may succeed when they are sent again. */
const PASSING_CODES = ['INTERNAL']
/** Codes that are about the values of one request; others would fare better. */
const VALUE_CODES = ['BODY_TOO_LARGE', 'BAD_USER_INPUT']

export interface Patience {
  /** Ends the tries; what is under way is not cut. */
  readonly signal: AbortSignal
  readonly onMiss: (error: unknown) => void
}

/**
 * Sends a request until it is answered: over broken connections, restarts and faults of the server.
 *
 * @returns null when the signal fired before an answer came
 * @throws GraphQLRequestError when the server refuses for good
 */
export async function untilAnswered<Answer>(
  { signal, onMiss }: Patience,
  send: () => Promise<Answer>,
): Promise<Answer | null> {
  for (let failures = 1; ; failures++) {
    if (signal.aborted) return null
    try {
      return await send()
    } catch (error) {
      if (!isPassing(error)) throw error
      if (!signal.aborted) onMiss(error)
    }
    await pause(reconnectDelayMs(BACK_OFF, failures, Math.random()), signal)
  }
}

/** Whether the same request may succeed later. */
function isPassing(error: unknown): boolean {
  if (error instanceof NetworkError) return error.isRetryable
  if (error instanceof GraphQLRequestError) return error.codes.every((code) => PASSING_CODES.includes(code))
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
}

/** Whether a request was refused because of what it carries, so that parts of it may be taken. */
export function isRefusedForValues(error: unknown): boolean {
  if (error instanceof GraphQLRequestError) return error.codes.some((code) => VALUE_CODES.includes(code))
  return error instanceof RefusedReport
}

/** A report that the server took for malformed. */
export class RefusedReport extends Error {
  override readonly name = 'RefusedReport'
}
