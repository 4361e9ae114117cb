import type { ApprovalRequest } from './effect.ts'
import type { StepRun } from './run-state.ts'

/** Why an answer to an APPROVAL is not taken. */
export type DecisionRefusal = 'NOT_AWAITED' | 'NOT_AN_APPROVER' | 'ALREADY_DECIDED'

/**
 * Whether somebody may answer an APPROVAL now.
 *
 * @param row the step run, with its input
 * @param hasRole whether the one who answers has a role, or a higher one
 * @returns null when the answer can be given as a command
 */
export function refusalOfDecision(
  row: StepRun,
  by: string,
  hasRole: (role: string) => boolean,
): DecisionRefusal | null {
  if (row.type !== 'APPROVAL' || row.status !== 'WAITING' || row.awaitedId === null) return 'NOT_AWAITED'
  const { principals, role } = row.input as unknown as ApprovalRequest
  if (!principals.includes(by) && (role === null || !hasRole(role))) return 'NOT_AN_APPROVER'
  return row.decisions.some((decision) => decision.by === by) ? 'ALREADY_DECIDED' : null
}
