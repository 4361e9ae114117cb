import type { Answer } from './subscription.ts'

export interface Question {
  readonly query: string
  readonly variables?: Record<string, unknown>
  readonly apiKey?: string | null
}

/**
 * Sends an operation over HTTP.
 *
 * @throws when nobody answers or the connection breaks: then it may have been done or not
 */
export async function ask(url: string, { query, variables, apiKey = null }: Question): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({ query, variables }),
  })
  return (await response.json()) as Answer
}

/**
 * Asks until there is an answer without errors; each try goes to whatever `target` names then.
 *
 * @param onError told of errors that a server answered with
 */
export async function askUntilAnswered(
  target: () => Promise<string>,
  question: Question,
  onError: (message: string) => void,
): Promise<Answer['data']> {
  for (;;) {
    try {
      const { data, errors } = await ask(await target(), question)
      if (errors === undefined) return data
      onError(errors.map(({ message }) => message).join('; '))
    } catch {
      // Nobody there: the next try waits for a server that is.
    }
    await new Promise(setImmediate)
  }
}
