import { createSchemaCheck } from '../../../src/task/schema-check.ts'
import { createDefinitionParser } from '../../../src/workflow/definition/parse.ts'
import { pathText } from '../../../src/workflow/definition/problem.ts'
import { readDefinitionText } from '../../../src/workflow/definition/read-text.ts'
import type { Known } from '../../../src/workflow/definition/validate/check-known.ts'
import { validateDefinition } from '../../../src/workflow/definition/validate.ts'
import { createWorkflowLanguage } from '../../../src/workflow/definition/workflow-language.ts'

export const { parse } = createDefinitionParser()
export const tools = { language: createWorkflowLanguage(), schemas: createSchemaCheck() }

/** What is wrong with a definition of the right shape, a line each. */
export function problemsOf(definition: unknown, known?: Known): string[] {
  const parsed = parse(definition)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return validateDefinition(parsed.definition, { ...tools, ...(known && { known }) }).map(
    ({ severity, code, path, message, expression }) => {
      const where = expression?.line === undefined ? '' : ` @${expression.line}:${expression.column}`
      return `${severity === 'warning' ? 'warning: ' : ''}${code} ${pathText(path)}${where}: ${message}`
    },
  )
}

/** Problems of steps in YAML, as a list. */
export function ofSteps(yaml: string, top = ''): string[] {
  const read = readDefinitionText(`name: sample\n${top}\nsteps:\n${yaml}`)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return problemsOf(read.value)
}

/** What a step is when only its place matters. */
export const TASK = 'type: TASK, task: custom'
