import { type DefinitionDiff, diffText, type FieldChange, type StepChange } from '../../workflow/definition/diff.ts'
import { builder } from '../builder.ts'

const FieldChangeType = builder.objectRef<FieldChange>('DefinitionFieldChange').implement({
  description: 'A field that differs between two definitions.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Such as `input.url`; of a step from the step.' }),
    isAdded: t.boolean({
      description: 'Whether the earlier definition lacks it.',
      resolve: ({ before }) => before === undefined,
    }),
    isRemoved: t.boolean({
      description: 'Whether the later definition lacks it.',
      resolve: ({ after }) => after === undefined,
    }),
    before: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Its value in the earlier.',
      resolve: ({ before }) => before ?? null,
    }),
    after: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Its value in the later.',
      resolve: ({ after }) => after ?? null,
    }),
  }),
})

const StepChangeKindEnum = builder.enumType('StepChangeKind', {
  description: 'What became of a step from one definition to the next.',
  values: {
    ADDED: { description: 'The earlier has no step with its id.' },
    REMOVED: { description: 'The later has no step with its id.' },
    MOVED: { description: 'It stands within another step, or elsewhere in the order.' },
    CHANGED: { description: 'Fields of it differ.' },
  } as const,
})

const StepChangeType = builder.objectRef<StepChange>('DefinitionStepChange').implement({
  description: 'What became of one step.',
  fields: (t) => ({
    kind: t.field({ type: StepChangeKindEnum, description: 'What became of it.', resolve: ({ kind }) => kind }),
    stepId: t.string({ description: 'Id of the step.', resolve: ({ id }) => id }),
    type: t.string({
      nullable: true,
      description: 'What it does; null unless it was ADDED or REMOVED.',
      resolve: (change) => ('type' in change ? change.type : null),
    }),
    from: t.string({
      nullable: true,
      description: 'Id of the step that held it before; null: none, or it was not there.',
      resolve: (change) => {
        if (change.kind === 'MOVED') return change.from
        return change.kind === 'REMOVED' ? change.holder : null
      },
    }),
    to: t.string({
      nullable: true,
      description: 'Id of the step that holds it now; null: none, or it is not there.',
      resolve: (change) => {
        if (change.kind === 'MOVED') return change.to
        return change.kind === 'ADDED' ? change.holder : null
      },
    }),
    fields: t.field({
      type: [FieldChangeType],
      description: 'What differs in it; empty unless it was CHANGED.',
      resolve: (change) => (change.kind === 'CHANGED' ? [...change.fields] : []),
    }),
  }),
})

/** What differs between two versions. */
export const WorkflowDiff = builder.objectRef<DefinitionDiff>('WorkflowDiff').implement({
  description: 'What differs between two versions of a workflow; nothing where they mean the same.',
  fields: (t) => ({
    text: t.string({
      description: 'As lines: `+` added, `-` removed, `>` moved, `~` changed.',
      resolve: (diff) => diffText(diff),
    }),
    fields: t.field({
      type: [FieldChangeType],
      description: 'What differs outside of steps: schemas, limits, context, result.',
      resolve: ({ fields }) => [...fields],
    }),
    steps: t.field({
      type: [StepChangeType],
      description: 'What became of steps, in the order of the later; those that are gone last.',
      resolve: ({ steps }) => [...steps],
    }),
  }),
})
