import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cel, createWorkflowCheck, defineWorkflow } from '../../src/index.ts'
import { contentHash } from '../../src/workflow/definition/canonical.ts'
import { STEP_TYPES } from '../../src/workflow/definition/definition.ts'

const page = readFileSync('docs/workflows.md', 'utf8')
const check = createWorkflowCheck()

interface Example {
  readonly heading: string
  readonly yaml: string
}

const examples: Example[] = page.split(/^#{2,3} /m).flatMap((section) => {
  const heading = section.slice(0, section.indexOf('\n'))
  return [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml]) => ({ heading, yaml: yaml! }))
})

/** An example as a whole definition. */
function whole(yaml: string): string {
  if (/^name:/m.test(yaml)) return yaml
  if (/^limits:/m.test(yaml)) return `name: example\n${yaml}\nsteps: [{ id: a, type: TASK, task: custom }]\n`
  return `name: example\nsteps:\n${yaml.replaceAll(/^/gm, '  ')}`
}

describe('each example', () => {
  test.each(examples)('of $heading is a definition without a problem', ({ yaml }) => {
    expect(check.text(whole(yaml)).problems).toEqual([])
  })

  test('is there for every type of step', () => {
    expect(examples.map(({ heading }) => heading)).toEqual(expect.arrayContaining([...STEP_TYPES]))
  })
})

test('the workflow in TypeScript is the one in YAML, but for what it leaves out', () => {
  const review = defineWorkflow<{ path: string }>({ name: 'review' }, ({ steps, input }) => {
    const analysis = steps.task<{ totals: { files: number } }>('analyse', 'code_analysis', {
      input: { path: input.path },
    })
    steps.approval('ask', {
      message: `Is ${input.path} good enough?`,
      approvers: { role: 'DEVELOPER' },
      when: cel`${analysis.output.totals.files} > ${0}`,
    })
    return { totals: analysis.output.totals }
  })
  const source = page.match(/^```ts\nimport \{ cel[\s\S]*?^```$/m)?.[0]
  for (const line of ["steps.approval('ask', {", 'when: cel`${analysis.output.totals.files} > ${0}`'])
    expect(source).toContain(line)
  const read = check.text(examples[0]!.yaml.replace(/^input:.*\n/m, '').replace(/^ {4}timeout: 2d\n/m, ''))
  expect(read.ok && contentHash(read.definition)).toBe(contentHash(review))
})
