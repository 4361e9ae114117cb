import { below, pick, type Random } from '../support/random.ts'
import { ask, askUntilAnswered } from './ask.ts'

export interface VerbWriterOptions {
  readonly random: Random
  /** Tells this writer's idempotency keys from others'. */
  readonly name: string
  readonly apiKey: string
  /** Resolves with a server that should answer. */
  readonly target: () => Promise<string>
  readonly isOver: () => boolean
  /** Awaited before each round. */
  readonly pace: () => Promise<void>
  /** Told of the ids of each call. */
  readonly onCreated: (ids: readonly string[]) => void
  /** Told of errors that a server answered a verb with; refusals are data and no errors. */
  readonly onError: (message: string) => void
}

/** Makes tasks and steers them through the graph, as users do, until it is over; then lets all go on that it has paused. */
export async function runVerbWriter(options: VerbWriterOptions): Promise<void> {
  const { random, target, apiKey, onError } = options
  const made: string[] = []
  const paused = new Set<string>()
  for (let round = 0; !options.isOver(); round++) {
    await options.pace()
    const input = { idempotencyKey: `${options.name}-${round}`, tasks: batchOfTasks(random) }
    const { createTasks } = await askUntilAnswered(target, { query: CREATE, variables: { input }, apiKey }, onError)
    options.onCreated(createTasks.taskIds)
    made.push(...createTasks.taskIds)
    for (let count = below(random, 8); count > 0; count--) {
      const id = made[Math.max(0, made.length - 1 - below(random, 15))]!
      const verb = pick(random, VERBS)
      if (verb === 'pauseTask') paused.add(id)
      const input = { id, ...(verb === 'updateTask' && { priority: pick(random, ['HIGH', 'LOW']) }) }
      try {
        const { errors } = await ask(await target(), { query: documentOf(verb), variables: { input }, apiKey })
        if (errors !== undefined) onError(`${verb}: ${errors.map(({ message }) => message).join('; ')}`)
      } catch {
        // Whether it was done before the connection broke, the log knows.
      }
    }
  }
  for (const id of paused) {
    await askUntilAnswered(target, { query: documentOf('resumeTask'), variables: { input: { id } }, apiKey }, onError)
  }
}

const CREATE = `mutation ($input: CreateTasksInput!) { createTasks(input: $input) {
  __typename ... on CreateTasksSuccess { taskIds isReplay } } }`

const VERBS = ['pauseTask', 'resumeTask', 'updateTask', 'cancelTask', 'retryTask'] as const

function documentOf(verb: (typeof VERBS)[number]): string {
  const type = `${verb[0]!.toUpperCase()}${verb.slice(1)}Input!`
  return `mutation ($input: ${type}) { ${verb}(input: $input) { __typename } }`
}

/** Tasks that succeed, fail once, take a while, wait for another, or wait for their time. */
function batchOfTasks(random: Random): object[] {
  const quick = (more: object = {}) => ({ name: 'chaos', type: 'chaos', input: { ms: below(random, 20) }, ...more })
  return [
    quick({ key: 'first' }),
    quick({ dependsOn: [{ key: 'first' }] }),
    quick({ input: { ms: below(random, 20), failures: 1 }, retry: { initial: 'PT0.05S' } }),
    quick({ input: { ms: 100 + below(random, 300) } }),
    quick({ scheduledFor: new Date(Date.now() + 1_000 + below(random, 1_000)).toISOString() }),
  ]
}
