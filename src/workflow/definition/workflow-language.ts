import {
  createExpressionLanguage,
  type Evaluation,
  type ExpressionLanguage,
  type VariableType,
} from '../../expression/expression-language.ts'
import { readReaches } from '../../expression/reaches.ts'
import type { JsonValue } from '../../task/json.ts'
import { conditionText } from './condition-text.ts'
import type { Condition, Expression } from './definition.ts'

/** What expressions of a workflow may speak of, in one place or another. */
export const VARIABLES = {
  input: 'dyn',
  steps: 'dyn',
  context: 'dyn',
  run: 'dyn',
  index: 'int',
  previous: 'dyn',
  item: 'dyn',
  event: 'dyn',
  callback: 'dyn',
} as const satisfies Record<string, VariableType>

export type VariableName = keyof typeof VARIABLES

/** What an expression speaks of. */
export interface References {
  /** Names of variables, such as `steps` and `item`. */
  readonly variables: ReadonlySet<string>
  /** Ids of steps; null when it may be any, as in `steps[input.name]`. */
  readonly steps: ReadonlySet<string> | null
}

/** The expressions of definitions, and of runs. Each text is compiled once. */
export interface WorkflowLanguage extends Pick<ExpressionLanguage, 'check' | 'checkValue'> {
  /** The value of an expression, as JSON. Never throws. Variables that the text does not name may be missing. */
  evaluate(text: Expression, values: Readonly<Record<string, unknown>>): Evaluation<JsonValue>
  /** What an expression speaks of; of a text that is none, nothing. */
  references(text: Expression): References
  /** A condition, also in object form, as CEL. */
  conditionText(condition: Condition): Expression
}

const MAX_CACHED = 1_000
const NOTHING: References = { variables: new Set(), steps: new Set() }

export function createWorkflowLanguage(): WorkflowLanguage {
  const language = createExpressionLanguage(VARIABLES)
  const known = new Map<string, References>()
  return {
    check: (text) => language.check(text),
    checkValue: (text) => language.checkValue(text),
    evaluate: (text, values) => language.evaluate(text, typed(values)),
    references(text) {
      const found = known.get(text)
      if (found !== undefined) return found
      const references = readReferences(text)
      if (known.size >= MAX_CACHED) known.delete(known.keys().next().value!)
      known.set(text, references)
      return references
    },
    conditionText,
  }
}

/** CEL tells integers from the numbers of JSON. */
function typed(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return typeof values.index === 'number' ? { ...values, index: BigInt(values.index) } : values
}

function readReferences(text: Expression): References {
  const read = readReaches(text)
  if (!read.ok) return NOTHING
  const ofSteps = read.reaches.filter(({ root }) => root === 'steps').map(({ path }) => path[0])
  return {
    variables: new Set(read.reaches.map(({ root }) => root)),
    steps: ofSteps.every((id) => typeof id === 'string') ? new Set(ofSteps) : null,
  }
}
