import { type DefinitionProblem, pathText } from '../../workflow/definition/problem.ts'
import { builder } from '../builder.ts'

const SeverityEnum = builder.enumType('ProblemSeverity', {
  description: 'What follows from a problem.',
  values: {
    ERROR: { value: 'error', description: 'The workflow cannot be made.' },
    WARNING: { value: 'warning', description: 'It can be made, and may fail when it is run.' },
  } as const,
})

/** One thing wrong with a definition. */
export const DefinitionProblemType = builder.objectRef<DefinitionProblem>('DefinitionProblem').implement({
  description: 'One thing wrong with a definition of a workflow.',
  fields: (t) => ({
    severity: t.expose('severity', {
      type: SeverityEnum,
      description: 'Whether it keeps the workflow from being made.',
    }),
    code: t.exposeString('code', {
      description: 'Stable, UPPER_SNAKE_CASE, such as CYCLE, UNKNOWN_STEP or BAD_EXPRESSION.',
    }),
    path: t.stringList({
      description: 'Where: field names and positions in lists, from the root of the definition.',
      resolve: ({ path }) => path.map(String),
    }),
    place: t.string({
      description: 'The same as one text: `steps[2].input.url`.',
      resolve: ({ path }) => pathText(path),
    }),
    message: t.exposeString('message', {
      description: 'What is wrong and what would be right: a clause about what stands there.',
    }),
    line: t.exposeInt('line', {
      nullable: true,
      description: 'Line in the text that it was read from, from 1; null when it was not given as a text.',
    }),
    column: t.exposeInt('column', { nullable: true, description: 'Column in that line, from 1.' }),
    expression: t.field({
      type: ExpressionPlace,
      nullable: true,
      description: 'Of an expression: its text, and where in it.',
      resolve: ({ expression }) => expression ?? null,
    }),
  }),
})

/** An expression, and where in it something went wrong. */
export const ExpressionPlace = builder
  .objectRef<NonNullable<DefinitionProblem['expression']>>('ExpressionPlace')
  .implement({
    description: 'An expression, and where in it something is wrong.',
    fields: (t) => ({
      text: t.exposeString('text', { description: 'The expression, in CEL.' }),
      line: t.exposeInt('line', { nullable: true, description: 'Line in it, from 1.' }),
      column: t.exposeInt('column', { nullable: true, description: 'Column in that line, from 1.' }),
    }),
  })
