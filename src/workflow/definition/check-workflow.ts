import { createSchemaCheck } from '../../task/schema-check.ts'
import type { WorkflowDefinition } from './definition.ts'
import { createDefinitionParser, type DefinitionParser } from './parse.ts'
import type { DefinitionProblem } from './problem.ts'
import { placed, readDefinitionText, type TextRead } from './read-text.ts'
import type { Known } from './validate/check-known.ts'
import { type Validation, validateDefinition } from './validate.ts'
import { createWorkflowLanguage } from './workflow-language.ts'

export type Checked =
  /** Its problems are warnings. */
  | {
      readonly ok: true
      readonly definition: WorkflowDefinition
      readonly problems: readonly DefinitionProblem[]
    }
  | { readonly ok: false; readonly problems: readonly DefinitionProblem[] }

/** Reads and judges definitions: from what was sent to what can be run, with every problem on the way. */
export interface WorkflowCheck {
  /** Of a value: what a JSON document holds, or `defineWorkflow` made. */
  value(value: unknown, known?: Known): Checked
  /** Of a text in YAML or JSON; problems have their line and column. */
  text(text: string, known?: Known): Checked
}

/** Making one compiles the schema of definitions, which takes about a tenth of a second. */
export function createWorkflowCheck(
  tools: Omit<Validation, 'known'> & { readonly parser: DefinitionParser } = {
    parser: createDefinitionParser(),
    language: createWorkflowLanguage(),
    schemas: createSchemaCheck(),
  },
): WorkflowCheck {
  const value = (given: unknown, known: Known = {}): Checked => {
    const parsed = tools.parser.parse(given)
    if (!parsed.ok) return parsed
    const problems = validateDefinition(parsed.definition, { ...tools, known })
    const isWrong = problems.some(({ severity }) => severity === 'error')
    return isWrong ? { ok: false, problems } : { ok: true, definition: parsed.definition, problems }
  }
  return {
    value,
    text(text, known) {
      const read: TextRead = readDefinitionText(text)
      if (!read.ok) return read
      const checked = value(read.value, known)
      return { ...checked, problems: placed(checked.problems, read) }
    },
  }
}
