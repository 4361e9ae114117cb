import { GraphQLRequestError, NetworkError } from './errors.ts'
import type { GraphQLAnswer, Operation } from './transport.ts'

export interface HttpRequestOptions {
  readonly url: string
  readonly apiKey?: string
  readonly fetch: typeof fetch
}

/** Sends one query or mutation by POST and returns the value of its field. */
export async function httpRequest<Data, Variables>(
  { url, apiKey, fetch }: HttpRequestOptions,
  operation: Operation<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const response = await reach(url, () =>
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ query: operation.text, operationName: operation.name, variables }),
      ...(signal !== undefined && { signal }),
    }),
  )
  const text = await reach(url, () => response.text())
  const answer = parseAnswer(text)
  if (answer === null) {
    const message = `${url} answered ${response.status} with something that is no GraphQL. Check the URL: it ends in /graphql.`
    throw new NetworkError(message, { url, status: response.status })
  }
  return fieldValue(answer, operation)
}

/**
 * The value of the operation's field.
 *
 * @throws GraphQLRequestError when the answer has errors
 */
export function fieldValue<Data, Variables>(answer: GraphQLAnswer, operation: Operation<Data, Variables>): Data {
  if (answer.errors !== undefined && answer.errors.length > 0) throw new GraphQLRequestError(answer.errors)
  return answer.data?.[operation.field] as Data
}

async function reach<T>(url: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) throw error
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause)
    throw new NetworkError(`No server answers at ${url}: ${reason}`, { url, cause: error })
  }
}

function parseAnswer(text: string): GraphQLAnswer | null {
  try {
    const answer: unknown = JSON.parse(text)
    const isAnswer = typeof answer === 'object' && answer !== null && ('data' in answer || 'errors' in answer)
    return isAnswer ? (answer as GraphQLAnswer) : null
  } catch {
    return null
  }
}
