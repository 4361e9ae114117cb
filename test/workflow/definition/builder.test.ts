import { describe, expect, expectTypeOf, test } from 'vitest'
import { cel, createWorkflowCheck, defineTaskType, defineWorkflow, has, type StepRef } from '../../../src/index.ts'
import type { AnyRef, Cel, Ref } from '../../../src/workflow/definition/builder/ref.ts'
import type { WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { readDefinitionText } from '../../../src/workflow/definition/read-text.ts'

const check = createWorkflowCheck()

/** That a definition is what the YAML says, and makes sense. */
function expectToBe(definition: WorkflowDefinition, yaml: string): void {
  const read = readDefinitionText(yaml)
  expect(read.ok && read.value).toEqual(definition)
  expect(check.value(definition)).toEqual({ ok: true, definition, problems: [] })
}

const checkout = defineTaskType<{ url: string; ref: string }, { path: string }>({
  name: 'git_checkout',
  handler: () => ({ path: '/tmp' }),
})
const analyse = defineTaskType<
  { path: string; deep?: boolean },
  { issues: { file: string; line: number }[]; score: number }
>({
  name: 'code_analysis',
  handler: () => ({ issues: [], score: 1 }),
})

describe('a workflow in code reads like this, and is this as YAML:', () => {
  test('a review: typed tasks, a guard, people, a result', () => {
    const review = defineWorkflow<{ repository: string; pull: number }>(
      { name: 'review', limits: { timeout: '1h', concurrency: { limit: 1, key: (input) => `${input.repository}` } } },
      ({ steps, input }) => {
        const sources = steps.task('checkout', checkout, {
          input: { url: input.repository, ref: `pull/${input.pull}/head` },
          timeout: '5m',
        })
        const analysis = steps.task('analyse', analyse, { input: { path: sources.output.path, deep: true } })
        const answer = steps.approval<{ reason: string }>('ask', {
          message: `Pull request ${input.pull} has issues, the first in ${analysis.output.issues[0]?.file}. Merge it?`,
          approvers: { role: 'DEVELOPER' },
          when: cel`size(${analysis.output.issues}) > 0 && ${analysis.output.score} < ${0.9}`,
          timeout: '2d',
          onTimeout: { approved: false },
        })
        return {
          issues: analysis.output.issues,
          merge: cel`has(${answer.output}) ? ${answer.output.approved} : true`,
        }
      },
    )
    expectToBe(
      review,
      `
name: review
limits:
  timeout: 1h
  concurrency: { limit: 1, key: '\${{ input.repository }}' }
steps:
  - id: checkout
    type: TASK
    task: git_checkout
    input: { url: '\${{ input.repository }}', ref: 'pull/\${{ input.pull }}/head' }
    timeout: 5m
  - id: analyse
    type: TASK
    task: code_analysis
    input: { path: '\${{ steps.checkout.output.path }}', deep: true }
    after: [checkout]
  - id: ask
    type: APPROVAL
    message: 'Pull request \${{ input.pull }} has issues, the first in \${{ steps.analyse.output.issues[0].file }}. Merge it?'
    approvers: { role: DEVELOPER }
    when: size(steps.analyse.output.issues) > 0 && steps.analyse.output.score < 0.9
    timeout: 2d
    onTimeout: { approved: false }
    after: [analyse]
result:
  issues: '\${{ steps.analyse.output.issues }}'
  merge: '\${{ has(steps.ask.output) ? steps.ask.output.approved : true }}'
`,
    )
  })

  test('a delivery: branches, steps together, what undoes them', () => {
    const deliver = defineWorkflow<{ version: string; dry: boolean; regions: string[] }>(
      { name: 'deliver', description: 'To all regions, or to none' },
      ({ steps, input }) => {
        const tests = steps.parallel('tests', { join: 'ALL' }, (together) => {
          together.task('unit', 'testing', { input: { suite: 'unit' } })
          together.task('integration', 'testing', { input: { suite: 'integration' }, retry: { maxAttempts: 2 } })
        })
        steps.condition('really', cel`!${input.dry}`, {
          after: [tests],
          then: (really) => {
            const release = really.webhook<{ id: string }>('release', {
              url: 'https://example.com/releases',
              callback: true,
              body: (callback) => ({ version: input.version, answerTo: callback.url }),
              compensate: (undo, done) =>
                undo.webhook('withdraw', { url: `https://example.com/releases/${done.output.id}`, method: 'DELETE' }),
            })
            really.map(
              'roll_out',
              { items: input.regions, maxParallel: 2, onFailure: 'COMPENSATE' },
              ({ steps: each, item }) => {
                each.subworkflow('region', 'deploy-region', { input: { region: item, release: release.output.id } })
              },
            )
          },
          else: (dry) => dry.custom('tell', 'slack.send', { input: { text: `Would deliver ${input.version}` } }),
        })
      },
    )
    expectToBe(
      deliver,
      `
name: deliver
description: To all regions, or to none
steps:
  - id: tests
    type: PARALLEL
    join: ALL
    steps:
      - { id: unit, type: TASK, task: testing, input: { suite: unit } }
      - { id: integration, type: TASK, task: testing, input: { suite: integration }, retry: { maxAttempts: 2 } }
  - id: really
    type: CONDITION
    if: '!input.dry'
    after: [tests]
    then: [release]
    else: [tell]
  - id: release
    type: WEBHOOK
    url: https://example.com/releases
    callback: true
    body: { version: '\${{ input.version }}', answerTo: '\${{ callback.url }}' }
    compensate:
      id: withdraw
      type: WEBHOOK
      url: 'https://example.com/releases/\${{ steps.release.output.id }}'
      method: DELETE
  - id: roll_out
    type: MAP
    items: input.regions
    maxParallel: 2
    onFailure: COMPENSATE
    after: [release]
    steps:
      - id: region
        type: SUBWORKFLOW
        workflow: deploy-region
        input: { region: '\${{ item }}', release: '\${{ steps.release.output.id }}' }
  - id: tell
    type: CUSTOM
    handler: slack.send
    input: { text: 'Would deliver \${{ input.version }}' }
`,
    )
  })

  test('a watch: a loop until something is so, waits, an event', () => {
    const watch = defineWorkflow<{ order: string; minutes: number }>(
      { name: 'watch', context: { threshold: 3 } },
      ({ steps, input, context, run }) => {
        const paid = steps.wait<{ amount: number }>('paid', {
          event: { key: `paid-${input.order}`, where: (event) => cel`${event.amount} > ${0}` },
          timeout: '7d',
          onTimeout: { output: { amount: 0 } },
        })
        const shipped = steps.loop<{ state: string }>(
          'ship',
          {
            while: ({ index }) => cel`${index} < ${context.threshold}`,
            maxIterations: 10,
            when: cel`${paid.output.amount} > 0.0`,
          },
          ({ steps: again, index, previous }) => {
            again.wait('pause', { duration: cel`string(${input.minutes}) + "m"` })
            const asked = again.task<{ state: string }>('ask', 'custom', {
              input: { round: index, before: previous, run: run.id },
              after: ['pause'],
              options: { concurrencyKey: `order-${input.order}` },
            })
            return {
              until: {
                or: [
                  cel`${asked.output.state} == ${'SHIPPED'}`,
                  { field: 'index', operator: 'greater_than', value: 5 },
                ],
              },
            }
          },
        )
        steps.sequential('close', { after: [shipped] }, (last) => {
          last.wait('night', { until: '2030-01-31T08:00:00Z' })
          last.task('archive', 'custom', {
            input: { state: cel`has(${shipped.output}) ? ${shipped.output.state} : ${null}` },
          })
        })
      },
    )
    expectToBe(
      watch,
      `
name: watch
context: { threshold: 3 }
steps:
  - id: paid
    type: WAIT
    event: { key: 'paid-\${{ input.order }}', where: event.amount > 0 }
    timeout: 7d
    onTimeout: { output: { amount: 0 } }
  - id: ship
    type: LOOP
    while: index < context.threshold
    until: { or: [steps.ask.output.state == "SHIPPED", { field: index, operator: greater_than, value: 5 }] }
    maxIterations: 10
    when: steps.paid.output.amount > 0.0
    after: [paid]
    steps:
      - { id: pause, type: WAIT, duration: '\${{ string(input.minutes) + "m" }}' }
      - id: ask
        type: TASK
        task: custom
        input: { round: '\${{ index }}', before: '\${{ previous }}', run: '\${{ run.id }}' }
        options: { concurrencyKey: 'order-\${{ input.order }}' }
        after: [pause]
  - id: close
    type: SEQUENTIAL
    after: [ship]
    steps:
      - { id: night, type: WAIT, until: '2030-01-31T08:00:00Z' }
      - { id: archive, type: TASK, task: custom, input: { state: '\${{ has(steps.ship.output) ? steps.ship.output.state : null }}' } }
`,
    )
  })
})

test('branches name the steps that begin them, also where a branch branches', () => {
  const { steps } = defineWorkflow({ name: 'nested' }, ({ steps: made, input }) => {
    const outer = made.condition('outer', cel`${input.a}`, {
      then: (yes) => {
        const first = yes.task('first', 'custom')
        yes.task('second', 'custom', { after: [first] })
        yes.condition('inner', cel`${input.b}`, { then: (deep) => deep.task('deep', 'custom') })
        return first
      },
      else: (no) => no.task('other', 'custom'),
    })
    made.task('join', 'custom', { after: [outer.then, outer.else] })
  })
  const byId = Object.fromEntries(steps.map((step) => [step.id, step]))
  expect(byId.outer).toMatchObject({ then: ['first', 'inner'], else: ['other'] })
  expect(byId.inner).toMatchObject({ then: ['deep'] })
  expect(byId.second).toMatchObject({ after: ['first'] })
  expect(byId.join).toMatchObject({ after: ['first', 'other'] })
  expect(byId.first).not.toHaveProperty('after')
})

describe('references', () => {
  const of = (build: (input: AnyRef) => unknown) => {
    let text: unknown
    defineWorkflow({ name: 'x' }, ({ input }) => {
      text = String(build(input))
    })
    return text
  }

  test('are CEL, whatever the fields are called', () => {
    expect(of((input) => input.a?.b)).toBe('${{ input.a.b }}')
    expect(of((input) => input['odd name']?.[0]?.in)).toBe('${{ input["odd name"][0]["in"] }}')
    expect(of((input) => has(input.a))).toBe('${{ has(input.a) }}')
    expect(of((input) => cel`${input.a} in ${[1, 'b', { c: null }]} && ${cel`${input.b} || ${true}`}`)).toBe(
      '${{ input.a in [1, "b", {"c": null}] && input.b || true }}',
    )
  })

  test('that are not there are told at once', () => {
    expect(() => cel`${undefined} > 1`).toThrow('A part of cel`…` is undefined')
  })

  test('survive JSON and are not taken for promises', async () => {
    let found: unknown
    defineWorkflow({ name: 'x' }, ({ input }) => {
      found = input
    })
    expect(JSON.stringify({ found })).toBe('{"found":"${{ input }}"}')
    expect(String(await found)).toBe('${{ input }}')
  })
})

test('types tell what there is', () => {
  defineWorkflow<{ url: string; tags?: string[]; deep: { n: number } }, { ok: boolean }>(
    { name: 'x' },
    ({ steps, input, context }) => {
      expectTypeOf(input.url).toEqualTypeOf<Cel<string>>()
      expectTypeOf(input.tags[0]!).toEqualTypeOf<Cel<string>>()
      expectTypeOf(input.deep.n).toEqualTypeOf<Cel<number>>()
      expectTypeOf(context).toEqualTypeOf<Ref<{ readonly [name: string]: import('../../../src/index.ts').JsonValue }>>()
      // @ts-expect-error there is no such field
      input.uri

      const sources = steps.task('a', checkout, { input: { url: input.url, ref: 'main' } })
      expectTypeOf(sources).toEqualTypeOf<StepRef<{ path: string }>>()
      // @ts-expect-error the input lacks a field
      steps.task('b', checkout, { input: { url: input.url } })
      // @ts-expect-error the input has a number where a string is to be
      steps.task('c', checkout, { input: { url: input.deep.n, ref: 'main' } })
      // @ts-expect-error there is no input
      steps.task('d', checkout)
      const analysis = steps.task('e', analyse, { input: { path: sources.output.path } })
      expectTypeOf(analysis.output.issues[0]!.line).toEqualTypeOf<Cel<number>>()
      expectTypeOf(steps.task('f', 'anything').output).toEqualTypeOf<AnyRef>()

      const mapped = steps.map<{ file: string; line: number }, { done: boolean }>(
        'g',
        { items: analysis.output.issues },
        ({ steps: each, item }) => {
          expectTypeOf(item.file).toEqualTypeOf<Cel<string>>()
          each.task('h', checkout, { input: { url: item.file, ref: 'x' } })
        },
      )
      expectTypeOf(mapped.output[0]!.done).toEqualTypeOf<Cel<boolean>>()
      // @ts-expect-error the items are no list
      steps.map('i', { items: input.url }, () => undefined)
      expectTypeOf(
        steps.approval<{ why: string }>('j', { message: 'ok?', approvers: { role: 'ADMIN' } }).output.form.why,
      ).toEqualTypeOf<Cel<string>>()
      // @ts-expect-error no such role
      steps.approval('k', { message: 'ok?', approvers: { role: 'BOSS' } })
      // @ts-expect-error waits for nothing
      steps.wait('l', {})
    },
  )
  const child = defineWorkflow<{ region: string }, { url: string }>({ name: 'child' }, () => undefined)
  defineWorkflow({ name: 'parent' }, ({ steps }) => {
    expectTypeOf(steps.subworkflow('a', child, { input: { region: 'eu' } }).output.url).toEqualTypeOf<Cel<string>>()
    // @ts-expect-error the input lacks a field
    steps.subworkflow('b', child, { input: {} })
  })
})
