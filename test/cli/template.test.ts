import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listTemplates } from '../../src/workflow/template/templates.ts'
import { type CliOptions, cli } from '../support/cli.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: LiveGraph
beforeAll(async () => {
  graph = await startLiveGraph()
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}) => cli(['template', ...argv], { url: graph.url, ...options })
const workflow = (argv: string[], options: CliOptions = {}) =>
  cli(['workflow', ...argv], { url: graph.url, ...options })

describe('templates', () => {
  test('are listed', async () => {
    const { out, exitCode } = await run(['list'])
    expect(exitCode).toBe(0)
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^NAME +DOES +TASK TYPES +CALLS$/)
    expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual(listTemplates().map(({ name }) => name))
    expect(out).toMatch(/^github-issue-to-linear .* github, linear$/m)
    expect(JSON.parse((await run(['list', '--json'])).out).templates).toHaveLength(9)
  })

  test('are shown with parameters and steps', async () => {
    const { out } = await run(['show', 'monitoring-check'])
    expect(out).toMatch(/^monitoring-check Watch a service\n/)
    expect(out).toMatch(/^url +string +must be given +What is looked at, by GET\.$/m)
    expect(out).toMatch(/^tries +integer +3 +Looks before it counts as down\.$/m)
    expect(out).toContain('└─ looks loop\n   ├─ pause wait\n   └─ look webhook (after pause)\n')
    expect(JSON.parse((await run(['show', 'bug-fix', '--json'])).out)).toMatchObject({ name: 'bug-fix' })
    expect(await run(['show', 'none'])).toMatchObject({
      exitCode: 3,
      err: 'There is no template none. See: task-mgmt template list\n',
    })
  })
})

describe('template create', () => {
  test('makes a workflow and says how to start it', async () => {
    const made = await run(['create', 'code-review', '--param', 'maxComplexity=9', '--name', 'ours'])
    expect(made.exitCode).toBe(0)
    expect(made.err).toContain('warning UNKNOWN_TASK_TYPE')
    expect(made.out).toMatch(/^Created ours v1 workflow_\w+\n/)
    expect(made.out).toContain(`Start it: task-mgmt workflow execute ours --input '{"path":"…"}' --watch`)
    const parameters = { input: '{"maxComplexity":9,"name":"theirs"}' }
    const same = await run(['create', 'code-review', '--parameters', '-', '--name', 'ours', '--json'], parameters)
    expect(JSON.parse(same.out)).toMatchObject({ isNew: false, version: { number: 1, workflow: { name: 'ours' } } })
    expect((await run(['create', 'bug-fix', '--draft'])).out).toMatch(/^Created bug-fix v1 workflow_\w+ as a draft\n$/)
  })

  test('only shows what it would make, as a file that can be changed and kept', async () => {
    const shown = await run(['create', 'monitoring-check', '--param', 'url=https://example.com', '--dry-run'])
    expect(shown).toMatchObject({ exitCode: 0, err: '' })
    expect(shown.out).toMatch(/^# yaml-language-server: \$schema=http:\/\/\S+\/schemas\/workflow\.schema\.json\n/)
    expect((await workflow(['list', '--search', 'monitoring'])).out).toBe('No workflow matches.\n')
    expect((await workflow(['validate', '--file', '-'], { input: shown.out })).out).toBe('It can be run.\n')
    const kept = await workflow(['create', '--file', '-', '--json'], { input: shown.out })
    const made = await run(['create', 'monitoring-check', '--param', 'url=https://example.com', '--json'])
    expect(JSON.parse(made.out)).toMatchObject({
      isNew: false,
      version: { hash: JSON.parse(kept.out).version.hash },
    })
  })

  test('every template’s dry run is a file of the same workflow', async () => {
    for (const { name, parameters } of listTemplates()) {
      const properties = parameters.properties as Record<string, { examples: unknown[] }>
      const needed = (parameters.required as string[]).map((one) => [one, properties[one]!.examples[0]])
      const given = ['--parameters', JSON.stringify({ ...Object.fromEntries(needed), name: `file-${name}` })]
      const { out: input } = await run(['create', name, ...given, '--dry-run'])
      const kept = await workflow(['create', '--file', '-', '--json'], { input })
      const made = await run(['create', name, ...given, '--json'])
      expect(JSON.parse(made.out), name).toMatchObject({ isNew: false })
      expect(JSON.parse(made.out).version.hash).toBe(JSON.parse(kept.out).version.hash)
    }
  })

  test('tells every wrong parameter at once', async () => {
    const wrong = ['--param', 'tries=many', '--param', 'ulr=x']
    for (const more of [[], ['--dry-run']]) {
      const { exitCode, out, err } = await run(['create', 'monitoring-check', ...wrong, ...more])
      expect({ exitCode, out }).toEqual({ exitCode: 3, out: '' })
      expect(err).toContain('parameters.tries: must be integer\n')
      expect(err).toContain('parameters.ulr: is no parameter: did you mean "url"?\n')
      expect(err).toContain("parameters: must have required property 'url'\n")
    }
    expect(await run(['create', 'bug-fx'])).toMatchObject({
      exitCode: 3,
      err: expect.stringContaining('did you mean "bug-fix"?'),
    })
    expect(await run(['create', 'bug-fix', '--param', 'x'])).toMatchObject({ exitCode: 2 })
    expect(await run(['create', 'bug-fix', '--parameters', '[1]'])).toMatchObject({ exitCode: 2 })
  })
})
