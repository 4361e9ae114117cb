import type { JsonValue } from '../../task/json.ts'
import { canonicalJson } from '../../task/json-text.ts'
import type { InputIssue } from '../../task/refusal.ts'
import type { SchemaCheck } from '../../task/schema-check.ts'
import type { ApprovalRequest } from './effect.ts'
import type { Plan } from './plan.ts'
import type { StepRun } from './run-state.ts'

/** Why an answer to an APPROVAL is not taken. */
export type DecisionRefusal =
  | { readonly code: 'NOT_AWAITED' }
  | { readonly code: 'NOT_AN_APPROVER' | 'ALREADY_DECIDED' }
  | { readonly code: 'FORM_INVALID'; readonly issues: readonly InputIssue[] }

export interface DecisionGiven {
  /** Name of the principal. */
  readonly by: string
  /** Who refuses need not fill in the form. */
  readonly approved: boolean
  readonly form: JsonValue
  /** Whether the principal has a role, or a higher one. */
  hasRole(role: string): boolean
}

/**
 * Whether somebody may answer an APPROVAL now, and so.
 *
 * @param row the step run, with its input
 * @returns null when the answer can be given as a command
 */
export function refusalOfDecision(
  { plan, schemas }: { readonly plan: Plan; readonly schemas: Pick<SchemaCheck, 'problems'> },
  row: StepRun,
  { by, approved, form, hasRole }: DecisionGiven,
): DecisionRefusal | null {
  const { step } = plan.steps.get(row.stepId)!
  if (step.type !== 'APPROVAL' || row.status !== 'WAITING' || row.awaitedId === null) return { code: 'NOT_AWAITED' }
  const { principals, role } = row.input as unknown as ApprovalRequest
  if (!principals.includes(by) && (role === null || !hasRole(role))) return { code: 'NOT_AN_APPROVER' }
  if (row.decisions.some((decision) => decision.by === by)) return { code: 'ALREADY_DECIDED' }
  if (!approved || step.form === undefined || step.form === true) return null
  const issues = schemas.problems(canonicalJson(step.form === false ? { not: {} } : step.form), form, ['form'])
  return issues.length === 0 ? null : { code: 'FORM_INVALID', issues }
}
