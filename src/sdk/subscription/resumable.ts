import { GraphQLRequestError, NetworkError } from '../errors.ts'
import { fieldValue } from '../http-request.ts'
import { DEFAULT_BACK_OFF, pause } from '../socket/back-off.ts'
import { fatalCodeOf } from '../socket/protocol.ts'
import { refusalOf, type SharedConnection } from '../socket/shared-connection.ts'
import type { Operation } from '../transport.ts'
import { createInbox, type Delivery } from './inbox.ts'
import { type ResumeRule, resumeRuleOf } from './resume-rule.ts'

export interface ResumableOptions<Data, Variables> {
  readonly connection: SharedConnection
  readonly operation: Operation<Data, Variables>
  readonly variables: Variables
}

/**
 * The values of one subscription across as many connections as it takes.
 *
 * After a cut it subscribes again with variables that ask for what comes after the last value that was taken. What had arrived but
 * was not taken is still delivered before, so nothing is lost and nothing comes twice.
 *
 * @throws GraphQLRequestError when the server refuses the operation or the connection
 * @throws NetworkError when the server stays away for too long, or when a subscription without a rule is cut
 */
export async function* resumable<Data, Variables extends object>(
  { connection: shared, operation, ...options }: ResumableOptions<Data, Variables>,
  signal: AbortSignal,
): AsyncGenerator<Data, undefined, undefined> {
  const rule = resumeRuleOf(operation.field)
  const membership = shared.join()
  let variables: object = options.variables
  let last: Data | undefined
  try {
    for (;;) {
      const connection = await membership.connect(signal)
      if (connection === null) return
      const inbox = createInbox(signal, () => stop())
      const stop = connection.subscribe({ query: operation.text, operationName: operation.name, variables }, inbox)
      let delivery = await inbox.take()
      try {
        for (; delivery.kind === 'answer'; delivery = await inbox.take()) {
          const value = fieldValue(delivery.answer, operation)
          if (rule?.isRepeated(value, last)) continue
          last = value
          variables = rule?.advance(variables, value) ?? variables
          yield value
          if (rule?.isLast(value)) return
        }
      } finally {
        stop()
      }
      if (isOver(delivery, rule, last)) return
      // A server that ends at once what it should not end must not be asked again at once.
      if (delivery.kind === 'completed') await pause(DEFAULT_BACK_OFF.initialMs, signal)
    }
  } finally {
    membership.leave()
  }
}

function isOver(end: Exclude<Delivery, { kind: 'answer' }>, rule: ResumeRule | null, last: unknown): boolean {
  switch (end.kind) {
    case 'aborted':
      return true
    case 'completed':
      return rule === null || rule.mayEnd(last)
    case 'failed':
      throw new GraphQLRequestError(end.problems)
    case 'lost': {
      const code = fatalCodeOf(end.closing)
      if (code !== null) throw refusalOf(end.closing, code)
      if (rule === null) throw new NetworkError('The subscription was cut and cannot be resumed.', { url: '' })
      return false
    }
    case 'overflow':
      return false
    default:
      return end satisfies never
  }
}
