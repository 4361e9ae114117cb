import type { Evaluation } from '../../expression/expression-language.ts'
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
