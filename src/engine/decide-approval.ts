import type { ClientBase } from 'pg'
import { isRoleEnough, type Role } from '../access/role.ts'
import type { JsonSchema, JsonValue } from '../task/json.ts'
import { canonicalJson } from '../task/json-text.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { type Approval, readApproval } from '../workflow/store/approvals.ts'
import { readDecisions } from '../workflow/store/step-runs.ts'
import { commandRun } from './command-run.ts'
import type { Actor } from './engine.ts'
import type { RunEngine } from './run-tools.ts'
import { transact } from './transact.ts'

export interface DecideApproval {
  /** uuid */
  readonly approvalId: string
  readonly approved: boolean
  readonly comment?: string
  /** What was filled in, where the step has a form. */
  readonly form?: JsonValue
}

export interface Approver extends Actor {
  readonly role: Role
}

const MOST_COMMENT_CHARACTERS = 10_000

/**
 * Answers an approval: one of those it names, or who has the role it asks for, once.
 *
 * @returns the run that goes on, or why the answer was not taken
 */
export async function decideApproval(
  engine: RunEngine,
  approver: Approver,
  input: DecideApproval,
): Promise<Result<{ readonly approvalId: string; readonly runId: string }>> {
  const { approvalId, approved, comment = null, form = null } = input
  const asked = await transact(engine, (client) => readApproval(client, approver.tenant, approvalId))
  if (asked === null) return refusedWith({ code: 'NOT_FOUND', what: 'approval', id: approvalId, path: ['id'] })
  const refusal = refuseAnswer(engine, approver, asked, { approved, comment, form })
  if (refusal !== null) return refusedWith(refusal)
  const decision = { by: approver.name, approved, comment, form }
  const { runId, path } = asked
  const decided = await commandRun(engine, approver, {
    runId,
    command: { kind: 'decide', path, id: approvalId, decision },
    refuse: (client) => refuseLate(client, approver, asked),
  })
  return decided.ok ? accepted({ approvalId, runId }) : decided
}

/** What is wrong whatever others do. */
function refuseAnswer(
  { schemas }: RunEngine,
  { name, role }: Approver,
  { id, request, form: schema }: Approval,
  { approved, comment, form }: { approved: boolean; comment: string | null; form: JsonValue },
): Refusal | null {
  const isAsked =
    request.principals.includes(name) || (request.role !== null && isRoleEnough(role, request.role as Role))
  if (!isAsked) {
    const whom = [...request.principals, ...(request.role === null ? [] : [`whoever is ${request.role}`])].join(', ')
    return { code: 'NOT_AN_APPROVER', approvalId: id, message: `${name} is not asked; asked are ${whom}.` }
  }
  if (comment !== null && comment.length > MOST_COMMENT_CHARACTERS) {
    const message = `has ${comment.length} characters; ${MOST_COMMENT_CHARACTERS} at most`
    return { code: 'VALIDATION', issues: [{ path: ['comment'], message }] }
  }
  // Who refuses need not fill anything in.
  if (schema === null || !approved) return null
  const issues = schemas.problems(canonicalJson(schema as JsonSchema), form, ['form'])
  return issues.length === 0 ? null : { code: 'VALIDATION', issues }
}

/** What others may have done meanwhile; under the run's lock. */
async function refuseLate(
  client: ClientBase,
  { tenant, name }: Approver,
  { id, runId, path }: Approval,
): Promise<Refusal | null> {
  const [now, decisions] = await Promise.all([
    readApproval(client, tenant, id),
    readDecisions(client, tenant, { runId, path }),
  ])
  if (now?.status !== 'OPEN') {
    const message = `The approval is not open any more: it was ${(now?.status ?? 'deleted').toLowerCase()}.`
    return { code: 'APPROVAL_CLOSED', approvalId: id, message }
  }
  if (!decisions.some(({ by }) => by === name)) return null
  return { code: 'ALREADY_DECIDED', approvalId: id, message: `${name} has answered already.` }
}
