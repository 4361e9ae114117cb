import type { JsonValue } from '../../task/json.ts'
import type { Decision } from '../../workflow/run/run-state.ts'
import { RoleEnum } from '../access/role.ts'
import { builder } from '../builder.ts'
import { ApprovalDecision } from './approval-decision.ts'
import { ApprovalStatusEnum } from './workflow-enums.ts'

/** What a run asks people. */
export const Approval = builder.prismaNode('Approval', {
  description: 'A question of a run to people.',
  nullable: true,
  id: { description: 'TypeID with the prefix `approval`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    status: t.expose('status', { type: ApprovalStatusEnum, description: 'Where it stands.' }),
    message: t.exposeString('message', { description: 'What is asked.' }),
    principals: t.exposeStringList('principals', { description: 'Names of those who may answer.' }),
    role: t.expose('role', {
      type: RoleEnum,
      nullable: true,
      description: 'Whoever has this role, or one that includes it, may answer too.',
    }),
    need: t.exposeInt('need', { description: 'How many must approve, from 1.' }),
    form: t.field({
      type: 'JSON',
      nullable: true,
      description: 'JSON Schema of what who approves has to fill in; null: nothing.',
      resolve: ({ form }) => form as JsonValue,
    }),
    decisions: t.field({
      type: [ApprovalDecision],
      description: 'The answers to the latest asking of its step, as they came.',
      select: { step: { select: { decisions: true } } },
      resolve: ({ step }) => (step?.decisions as unknown as Decision[] | null) ?? [],
    }),
    path: t.exposeString('path', { description: 'Path of the step that asks.' }),
    askedAt: t.expose('askedAt', { type: 'DateTime', description: 'When it was asked.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its step goes on without an answer; null: never.',
    }),
    settledAt: t.expose('settledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was not OPEN any more.',
    }),
    run: t.relation('run', { description: 'The run that asks.' }),
    step: t.relation('step', { nullable: true, description: 'The step that asks.' }),
  }),
})
