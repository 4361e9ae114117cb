import { describe, expect, test } from 'vitest'
import { createWorkflowCheck, pathText } from '../../../src/index.ts'

const check = createWorkflowCheck()
const TEXT = `# A delivery
name: deliver
steps:
  - id: build
    type: TASK
    task: bild
  - id: deploy
    type: TASK
    task: deployment
    input: { of: '\${{ steps.biuld.output }}' }
    after: [build]
`
const known = {
  taskTypes: new Map([
    ['build', {}],
    ['deployment', {}],
  ]),
}

function complaints(text: string): string[] {
  return check
    .text(text, known)
    .problems.map(({ line, column, severity, code, path }) => `${line}:${column} ${severity} ${code} ${pathText(path)}`)
}

describe('a text', () => {
  test('is judged as a whole, with the places of what is wrong', () => {
    expect(complaints(TEXT)).toEqual([
      '6:5 error UNKNOWN_TASK_TYPE steps[0].task',
      '10:14 error UNKNOWN_STEP steps[1].input.of',
    ])
    expect(check.text(TEXT, known).ok).toBe(false)
  })

  test('with warnings alone is a definition', () => {
    const found = check.text(TEXT.replace('biuld', 'build'), { ...known, unknown: 'warning' })
    expect(found).toMatchObject({
      ok: true,
      definition: { name: 'deliver' },
      problems: [{ severity: 'warning', line: 6 }],
    })
  })

  test('of the wrong shape is not judged further', () => {
    expect(complaints(TEXT.replace('id: build', 'idd: build'))).toEqual([
      '4:5 error MISSING steps[0].id',
      '4:5 error UNKNOWN_FIELD steps[0].idd',
    ])
    expect(complaints('a: [')).toEqual([expect.stringMatching(/^1:\d+ error NOT_A_DEFINITION $/)])
  })
})

test('a value has no lines', () => {
  const [problem] = check.value({ name: 'x', steps: [] }).problems
  expect(problem).toEqual({
    severity: 'error',
    code: 'OUT_OF_RANGE',
    path: ['steps'],
    message: 'is empty; give at least one',
  })
})
