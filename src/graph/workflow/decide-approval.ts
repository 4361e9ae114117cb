import { decideApproval } from '../../engine/decide-approval.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { AnswerRefused, NotFound } from '../user-failure.ts'
import { Approval } from './approval.ts'
import { loadApproval } from './load-run.ts'

const DecideApprovalInput = builder.inputType('DecideApprovalInput', {
  description: 'An answer to an approval.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the approval.' }),
    approved: t.boolean({ required: true, description: 'Yes or no.' }),
    comment: t.string({ description: 'What is to be said to it, at most 10,000 characters.' }),
    form: t.field({
      type: 'JSON',
      description: 'What was filled in; who approves has to, where the approval has a form.',
    }),
  }),
})

const DecideApprovalSuccess = builder.objectRef<{ approvalId: string }>('DecideApprovalSuccess').implement({
  description: 'The answer was taken.',
  fields: (t) => ({
    approval: t.field({
      type: Approval,
      description: 'The approval as it is now.',
      resolve: async ({ approvalId }, _args, context, info) => {
        const approval = await loadApproval(context, info, approvalId)
        if (approval === null) throw new Error(`Approval ${approvalId} is gone right after it was answered`)
        return approval
      },
    }),
  }),
})

builder.mutationFields((t) => ({
  decideApproval: t.errorUnionField({
    types: [DecideApprovalSuccess, InvalidInput, NotFound, AnswerRefused],
    union: {
      name: 'DecideApprovalResult',
      description: 'What came of answering an approval.',
      resolveType: () => 'DecideApprovalSuccess',
    },
    description: 'Answers an approval: whoever it asks may, once. Its run goes on when enough have.',
    // Whom it asks decides the approval itself.
    authScopes: { role: 'VIEWER' },
    args: { input: t.arg({ type: DecideApprovalInput, required: true, description: 'The answer.' }) },
    resolve: async (_root, { input: { id, approved, comment, form } }, context) => {
      const approver = { ...actorOf(context), role: context.principal!.role }
      const request = {
        approvalId: uuidOfField(ID_PREFIXES.approval, id, ['input', 'id']),
        approved,
        ...(comment != null && { comment }),
        ...(form !== undefined && { form }),
      }
      return valueOrThrow(await decideApproval(context.engine, approver, request), (path) => ['input', ...path])
    },
  }),
}))
