import type { ClientBase } from 'pg'
import { isRoleEnough, type Role } from '../access/role.ts'
import type { JsonValue } from '../task/json.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { type DecisionRefusal, refusalOfDecision } from '../workflow/run/decision.ts'
import type { ApprovalRequest } from '../workflow/run/effect.ts'
import { type Approval, readApproval } from '../workflow/store/approvals.ts'
import type { LockedRun } from '../workflow/store/runs.ts'
import { readStep } from '../workflow/store/step-runs.ts'
import { versionKey } from '../workflow/store/workflows.ts'
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
  { approvalId, approved, comment, form = null }: DecideApproval,
): Promise<Result<{ readonly approvalId: string; readonly runId: string }>> {
  if (comment !== undefined && comment.length > MOST_COMMENT_CHARACTERS) {
    const message = `has ${comment.length} characters; ${MOST_COMMENT_CHARACTERS} at most`
    return refusedWith({ code: 'VALIDATION', issues: [{ path: ['comment'], message }] })
  }
  const asked = await transact(engine, (client) => readApproval(client, approver.tenant, approvalId))
  if (asked === null) return refusedWith({ code: 'NOT_FOUND', what: 'approval', id: approvalId, path: ['id'] })
  const { runId, path, request } = asked
  const decided = await commandRun(engine, approver, {
    runId,
    command: {
      kind: 'decide',
      path,
      id: approvalId,
      decision: { by: approver.name, approved, comment: comment ?? null, form },
    },
    async refuse(client, run) {
      const refusal = await refusalUnderLock(client, engine, approver, { run, approvalId, path, approved, form })
      if (refusal?.code !== 'NOT_AWAITED') return refusal && told(refusal, approver, approvalId, request)
      // It may have been settled since it was read.
      const settled = (await readApproval(client, approver.tenant, approvalId))?.status ?? 'WITHDRAWN'
      return { code: 'APPROVAL_CLOSED', approvalId, message: closedBy(settled) }
    },
  })
  return decided.ok ? accepted({ approvalId, runId }) : decided
}

interface Answer {
  readonly run: LockedRun
  readonly approvalId: string
  readonly path: string
  readonly approved: boolean
  readonly form: JsonValue
}

async function refusalUnderLock(
  client: ClientBase,
  { schemas, runs }: RunEngine,
  { tenant, name, role }: Approver,
  { run, approvalId, path, approved, form }: Answer,
): Promise<DecisionRefusal | null> {
  const row = await readStep(client, tenant, { runId: run.row.id, path })
  if (row?.awaitedId !== approvalId) return { code: 'NOT_AWAITED' }
  const version = { workflowId: run.workflowId, number: run.row.version }
  const plan = (await runs.plansOf(client, tenant, [version])).get(versionKey(version))!
  const hasRole = (needed: string): boolean => isRoleEnough(role, needed as Role)
  return refusalOfDecision({ plan, schemas }, row, { by: name, approved, form, hasRole })
}

function closedBy(status: Approval['status']): string {
  switch (status) {
    case 'APPROVED':
    case 'REFUSED':
      return `The approval is not open any more: it was ${status} before. This answer changes nothing.`
    case 'WITHDRAWN':
      return 'The approval is not open any more: its step ended without an answer, by its time-out or with its run. Read the run.'
    case 'OPEN':
      // Its run takes it back in a moment.
      return 'The approval is not open any more: its step has ended. Read the run.'
  }
}

function told(
  refusal: Exclude<DecisionRefusal, { code: 'NOT_AWAITED' }>,
  { name }: Approver,
  approvalId: string,
  { principals, role }: ApprovalRequest,
): Refusal {
  switch (refusal.code) {
    case 'NOT_AN_APPROVER': {
      const whom = [...principals, ...(role === null ? [] : [`whoever is ${role}`])].join(', ')
      const message = `${name} is not asked; asked are ${whom}. Have one of them answer.`
      return { code: 'NOT_AN_APPROVER', approvalId, message }
    }
    case 'ALREADY_DECIDED':
      return { code: 'ALREADY_DECIDED', approvalId, message: `${name} has answered already: the first answer counts.` }
    case 'FORM_INVALID':
      return { code: 'VALIDATION', issues: refusal.issues }
  }
}
