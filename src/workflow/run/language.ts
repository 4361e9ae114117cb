import { createExpressionLanguage, type Evaluation } from '../../expression/expression-language.ts'
import { readReaches } from '../../expression/reaches.ts'
import type { JsonValue } from '../../task/json.ts'
import type { Condition, Expression } from '../definition/definition.ts'

/** What a run asks of the language of expressions; texts were checked with the definition. */
export interface RunLanguage {
  /** The value of an expression, as JSON. Never throws. */
  evaluate(text: Expression, values: Readonly<Record<string, unknown>>): Evaluation<JsonValue>
  /** What an expression speaks of. */
  references(text: Expression): References
  /** A condition, also in object form, as CEL. */
  conditionText(condition: Condition): Expression
}

export interface References {
  /** Names of variables, such as `steps` and `item`. */
  readonly variables: ReadonlySet<string>
  /** Ids of steps; null when it may be any, as in `steps[input.name]`. */
  readonly steps: ReadonlySet<string> | null
}

const MAX_CACHED = 2_000

const VARIABLES = ['input', 'steps', 'context', 'run', 'item', 'index', 'previous', 'event', 'callback'] as const

/** @param conditionText turns conditions in object form into CEL */
export function createRunLanguage(conditionText: (condition: Condition) => Expression): RunLanguage {
  const language = createExpressionLanguage(Object.fromEntries(VARIABLES.map((name) => [name, 'dyn'])))
  const known = new Map<Expression, References>()
  return {
    evaluate: (text, values) => language.evaluate(text, values),
    references(text) {
      const found = known.get(text)
      if (found !== undefined) return found
      const references = referencesOf(text)
      if (known.size >= MAX_CACHED) known.delete(known.keys().next().value!)
      known.set(text, references)
      return references
    },
    conditionText,
  }
}

/** One that does not parse speaks of nothing; evaluating it says why. */
function referencesOf(text: Expression): References {
  const read = readReaches(text)
  if (!read.ok) return { variables: new Set(), steps: new Set() }
  const variables = new Set(read.reaches.map(({ root }) => root))
  const ids = read.reaches.filter(({ root }) => root === 'steps').map(({ path }) => path[0])
  return { variables, steps: ids.includes(undefined) ? null : new Set(ids.map(String)) }
}
