import type { JsonValue } from '../../../task/json.ts'
import type { Draft, OpenStep } from '../draft.ts'
import type { ApprovalRequest } from '../effect.ts'
import { completeStep, failFinally, failStep } from '../end-step.ts'
import { all, asValue, type Evaluated, errorOf, fill, fillText } from '../evaluate.ts'
import type { Decision } from '../run-state.ts'
import { stepTimeout } from '../step-timeout.ts'
import { withdraw } from '../stop.ts'
import { placeOf } from '../values.ts'
import type { StepOf, StepRule } from './step-rule.ts'

/** An APPROVAL waits for people. */
export const approvalRule: StepRule<'APPROVAL'> = {
  start(draft, row, step) {
    const request = requestOf(draft, row, step)
    if (request.kind === 'ERROR') return failStep(draft, row, request.error)
    if (request.kind === 'MISSING') return
    row.awaitedId = draft.context.newId()
    row.decisions = []
    row.input = { ...request.value }
    draft.effects.push({ kind: 'askApproval', path: row.path, id: row.awaitedId, request: request.value })
    draft.move(row, 'WAITING')
    draft.say({ kind: 'ApprovalRequested', ...draft.about(row) })
  },

  timedOut(draft, row, { onTimeout, onRefusal }) {
    if (onTimeout === undefined) {
      withdraw(draft, row)
      return failFinally(draft, row, stepTimeout(draft, row))
    }
    const form = fill(draft, placeOf(draft, row), onTimeout.form ?? null)
    if (form.kind === 'MISSING') return
    withdraw(draft, row)
    if (form.kind === 'ERROR') return failStep(draft, row, form.error)
    if (onTimeout.approved || onRefusal === 'CONTINUE') {
      return completeStep(draft, row, outputOf(row, onTimeout.approved, form.value))
    }
    failFinally(draft, row, {
      code: 'APPROVAL_REFUSED',
      message: 'Nobody answered in time, which counts as a refusal.',
    })
  },
}

/** Somebody who may has answered. The second answer of the same person changes nothing. */
export function decided(draft: Draft, row: OpenStep, step: StepOf<'APPROVAL'>, decision: Decision): void {
  if (row.decisions.some(({ by }) => by === decision.by)) return
  const request = requestAsked(draft, row)
  if (request === undefined) return
  const { by, approved, form } = decision
  row.decisions = [...row.decisions, decision]
  draft.say({ kind: 'ApprovalDecided', ...draft.about(row), by, approved })
  const approvals = row.decisions.filter((one) => one.approved).length
  const refusals = row.decisions.length - approvals
  if (approvals >= request.need) {
    withdraw(draft, row)
    completeStep(draft, row, outputOf(row, true, form))
  } else if (refusals > canRefuse(request)) {
    withdraw(draft, row)
    if (step.onRefusal === 'CONTINUE') {
      completeStep(draft, row, outputOf(row, false, form))
      return
    }
    failStep(draft, row, { code: 'APPROVAL_REFUSED', message: `${by} refused${saying(decision)}.` })
  }
}

/** Refusals that leave enough others to make up the number. Of a role nobody knows how many have it, so one refusal counts. */
function canRefuse({ principals, role, need }: ApprovalRequest): number {
  return role === null ? principals.length - need : 0
}

function saying({ comment }: Decision): string {
  return comment === null ? '' : `: ${comment}`
}

function outputOf({ decisions }: OpenStep, approved: boolean, form: JsonValue): JsonValue {
  return { approved, decisions: decisions.map((decision) => ({ ...decision })), form }
}

function requestOf(draft: Draft, row: OpenStep, step: StepOf<'APPROVAL'>): Evaluated<ApprovalRequest> {
  const place = placeOf(draft, row)
  const { principals = [], role = null } = step.approvers
  const texts = all([step.message, ...principals].map((text) => fillText(draft, place, text)))
  if (texts.kind !== 'VALUE') return texts
  const [message, ...names] = texts.value
  const request = { message: message!, principals: [...new Set(names)], role, need: step.need ?? 1 }
  if (role !== null || request.principals.length >= request.need) return asValue(request)
  return errorOf('NOBODY_DECIDES', `${request.need} have to approve, and only ${request.principals.length} may.`)
}

function requestAsked(draft: Draft, row: OpenStep): ApprovalRequest | undefined {
  const input = row.input === undefined ? draft.read(row.path)?.input : row.input
  return input as ApprovalRequest | undefined
}
