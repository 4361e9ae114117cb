import type { SchemaCheck } from '../../task/schema-check.ts'
import { MAX_PROBLEMS } from './bounds.ts'
import type { WorkflowDefinition } from './definition.ts'
import { type DefinitionProblem, inDocumentOrder } from './problem.ts'
import { checkCompensation } from './validate/check-compensation.ts'
import { checkExpressions } from './validate/check-expressions.ts'
import { checkKnown, type Known } from './validate/check-known.ts'
import { checkNames } from './validate/check-names.ts'
import { checkReachable } from './validate/check-reachable.ts'
import { checkFields } from './validate/check-steps.ts'
import { certaintiesOf } from './validate/knowledge.ts'
import { layOut } from './validate/layout.ts'
import { createReport } from './validate/report.ts'
import type { WorkflowLanguage } from './workflow-language.ts'

/** What validation works with. */
export interface Validation {
  readonly language: WorkflowLanguage
  readonly schemas: SchemaCheck
  /** What the definition may name outside of itself. Default: it is not looked at. */
  readonly known?: Known
}

/**
 * Everything that makes no sense in a definition of the right shape, in the order of the document; at most {@link MAX_PROBLEMS}.
 *
 * The workflow can be made when none of them is an error. What is left for a run to find out: what inputs, outputs and events hold.
 */
export function validateDefinition(
  definition: WorkflowDefinition,
  { language, schemas, known = {} }: Validation,
): readonly DefinitionProblem[] {
  const problems: DefinitionProblem[] = []
  const report = createReport(problems)
  const layout = layOut(definition)
  checkFields(layout, schemas, report)
  checkNames(layout, report)
  checkReachable(layout, report)
  checkCompensation(layout, report)
  checkExpressions({ layout, known, certain: certaintiesOf(layout), language, report })
  checkKnown(layout, { known, schemas, report })
  return inDocumentOrder(definition, problems).slice(0, MAX_PROBLEMS)
}
