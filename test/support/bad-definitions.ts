/** A definition that must be refused, and how. */
export interface BadDefinition {
  readonly what: string
  /** YAML without its first line, which names it. */
  readonly steps: string
  readonly code: string
  readonly place: string
  /** From 1, in the whole text. */
  readonly line: number
  /** Part of what is said of it. */
  readonly says: string
}

const TASK = 'type: TASK, task: work'

/** What people get wrong, one thing each; a worker serves `work`. */
export const BAD_DEFINITIONS: readonly BadDefinition[] = [
  {
    what: 'an unknown step in after',
    steps: `  - { id: build, ${TASK}, after: [prepare] }\n  - { id: prepares, ${TASK} }`,
    code: 'UNKNOWN_STEP',
    place: 'steps[0].after[0]',
    line: 3,
    says: 'there is no step "prepare"; did you mean "prepares"?',
  },
  {
    what: 'an unknown step in an expression',
    steps: `  - { id: a, ${TASK} }\n  - { id: b, ${TASK}, after: [a], input: { n: '\${{ steps.c.output }}' } }`,
    code: 'UNKNOWN_STEP',
    place: 'steps[1].input.n',
    line: 4,
    says: 'there is no step "c"',
  },
  {
    what: 'a cycle',
    steps: `  - { id: a, ${TASK}, after: [b] }\n  - { id: b, ${TASK}, after: [a] }`,
    code: 'CYCLE',
    place: 'steps[0].after[0]',
    line: 3,
    says: '"a" waits for "b", which waits for "a"',
  },
  {
    what: 'an id that stands twice',
    steps: `  - { id: a, ${TASK} }\n  - id: s\n    type: SEQUENTIAL\n    steps:\n      - { id: a, ${TASK} }`,
    code: 'DUPLICATE_ID',
    place: 'steps[1].steps[0].id',
    line: 7,
    says: '"a" is the id of another step',
  },
  {
    what: 'an expression that does not parse',
    steps: `  - { id: a, ${TASK} }\n  - { id: b, ${TASK}, after: [a], when: 'steps.a.output.n >' }`,
    code: 'BAD_EXPRESSION',
    place: 'steps[1].when',
    line: 4,
    says: '',
  },
  {
    what: 'an expression over a step that may not have run',
    steps: `  - { id: a, ${TASK}, when: input.wanted }\n  - { id: c, ${TASK} }\n  - { id: b, ${TASK}, after: [a, c], input: { n: '\${{ steps.a.output }}' } }`,
    code: 'MAY_NOT_HAVE_RUN',
    place: 'steps[2].input.n',
    line: 5,
    says: 'ask first: has(steps.a.output)',
  },
  {
    what: 'an expression over a step that comes later',
    steps: `  - { id: a, ${TASK}, input: { n: '\${{ steps.b.output }}' } }\n  - { id: b, ${TASK}, after: [a] }`,
    code: 'STEP_NOT_BEFORE',
    place: 'steps[0].input.n',
    line: 3,
    says: '"b"',
  },
  {
    what: 'a loop without a bound',
    steps: `  - { id: l, type: LOOP, while: 'index >= 0', steps: [{ id: a, ${TASK} }] }`,
    code: 'LOOP_WITHOUT_BOUND',
    place: 'steps[0]',
    line: 3,
    says: 'maxIterations',
  },
  {
    what: 'a text that is no YAML',
    steps: `  - { id: a, ${TASK}`,
    code: 'NOT_A_DEFINITION',
    place: '',
    line: 4,
    says: 'is no YAML',
  },
]

/** The whole text of one. */
export function textOf({ steps }: Pick<BadDefinition, 'steps'>, name: string): string {
  return `name: ${name}\nsteps:\n${steps}\n`
}

/** A definition of about so many characters that nothing else is wrong with. */
export function definitionOfSize(name: string, characters: number): string {
  return `${JSON.stringify({ name, steps: [{ id: 'a', type: 'TASK', task: 'work', input: { text: 'x'.repeat(characters) } }] })}\n`
}
