import { builder } from '../builder.ts'
import { DependencyKindEnum, DependencyStateEnum, UnmetRuleEnum } from './task-enums.ts'

/** That one task needs another. */
export const TaskDependency = builder.prismaObject('TaskDependency', {
  description: 'That one task needs another.',
  fields: (t) => ({
    task: t.relation('task', { description: 'The task that waits.' }),
    dependsOn: t.relation('dependsOn', { description: 'The task that is waited for.' }),
    kind: t.expose('kind', { type: DependencyKindEnum, description: 'What is needed of it.' }),
    inputField: t.exposeString('inputField', {
      nullable: true,
      description: 'For DATA: the field of the input that the other task’s output becomes.',
    }),
    condition: t.exposeString('condition', {
      nullable: true,
      description: 'For CONDITIONAL: the CEL expression that has to hold for the other task.',
    }),
    onUnmet: t.expose('onUnmet', { type: UnmetRuleEnum, description: 'What follows when it does not end as needed.' }),
    state: t.expose('state', { type: DependencyStateEnum, description: 'How it stands.' }),
    settledAt: t.expose('settledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stopped being PENDING.',
    }),
  }),
})

builder.prismaObjectFields('Task', (t) => ({
  dependencies: t.relation('dependencies', {
    description: 'What it waits or waited for, in the order of creation of those tasks.',
    query: { orderBy: { dependsOnId: 'asc' } },
  }),
}))
