import type { ExecutionResult, GraphQLError } from 'graphql'

/**
 * The results of an operation with a failure as the last of them.
 *
 * Thrown out of the iterator it would close the socket, with all that its client watches besides.
 */
export function endWithError(
  results: AsyncIterable<ExecutionResult>,
  maskError: (error: unknown) => Error,
): AsyncIterableIterator<ExecutionResult, undefined> {
  const source = results[Symbol.asyncIterator]()
  let isOver = false
  const ended = { done: true, value: undefined } as const
  const iterator: AsyncIterableIterator<ExecutionResult, undefined> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      if (isOver) return ended
      try {
        const result = await source.next()
        return result.done === true ? ended : result
      } catch (error) {
        isOver = true
        return { done: false, value: { errors: [maskError(error) as GraphQLError] } }
      }
    },
    async return() {
      isOver = true
      await source.return?.()
      return ended
    },
  }
  return iterator
}
