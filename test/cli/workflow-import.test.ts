import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../integration/graph-sitter/temporary-folder.ts'
import { type CliOptions, cli } from '../support/cli.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { makeWfInstance } from '../workflow/import/wf-instance.ts'

let graph: LiveGraph
beforeAll(async () => {
  graph = await startLiveGraph()
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}) => cli(['workflow', ...argv], { url: graph.url, ...options })

const MACHINE = JSON.stringify({
  StartAt: 'Work',
  States: {
    Work: { Type: 'Task', Resource: 'arn:aws:lambda:eu-west-1:1:function:DoWork', Credentials: {}, End: true },
  },
})

describe('a state machine', () => {
  const asl = (...more: string[]) => run(['import', '--format', 'asl', '--file', '-', ...more], { input: MACHINE })

  test('is shown as YAML with what does not map, and kept by that', async () => {
    const shown = await asl('--name', 'machine', '--dry-run')
    expect(shown.exitCode).toBe(0)
    expect(shown.out).toMatch(
      /^# yaml-language-server: .*\n# Does not map, or otherwise:\n# {3}the field Credentials is left out \(once, at States\.Work\.Credentials\)\n/,
    )
    expect(shown.out).toContain('    task: do_work\n')
    expect((await run(['list'])).out).toBe('No workflow matches.\n')
    const kept = await run(['create', '--file', '-', '--json'], { input: shown.out })
    const made = await asl('--name', 'machine', '--json')
    expect(JSON.parse(made.out)).toMatchObject({
      isNew: false,
      version: { number: 1, hash: JSON.parse(kept.out).version.hash },
      unmapped: expect.arrayContaining([expect.objectContaining({ place: 'States.Work.Credentials' })]),
    })
  })

  test('takes task types by resource', async () => {
    const type = 'arn:aws:lambda:eu-west-1:1:function:DoWork=work'
    const { out, err } = await asl('--name', 'typed', '--task-type', type)
    expect(out).toMatch(/^Created typed v1 workflow_\w+\nDoes not map, or otherwise:\n {2}/)
    expect(err).toContain('there is no task type "work"')
  })

  test('is refused with its problems', async () => {
    expect(await asl()).toMatchObject({ exitCode: 3, err: expect.stringContaining('name: is missing') })
    const broken = await run(['import', '--format', 'asl', '--file', '-', '--name', 'x'], {
      input: 'StartAt: A\nStates:\n  B: { Type: Pass, End: true }\n',
    })
    expect(broken).toMatchObject({
      exitCode: 3,
      err: expect.stringContaining('source.StartAt: names no state (line 1, column 1)'),
    })
    expect(await asl('--name', 'x', '--time-scale', '2')).toMatchObject({
      exitCode: 3,
      err: expect.stringContaining('wfFormat: goes with WF_FORMAT, not with STATES_LANGUAGE'),
    })
    for (const wrong of [
      ['import', '--format', 'bpmn', '--file', '-'],
      ['import', '--format', 'asl', '--file', '/nowhere.json'],
      ['import', '--format', 'wfformat', '--file', '-', '--time-scale', '0'],
    ])
      expect(await run(wrong)).toMatchObject({ exitCode: 2 })
  })
})

test('an instance of over a megabyte with its spaces is imported without them', async () => {
  let state = 3
  const random = () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  }
  const instance = makeWfInstance([1, 700, 700, 1], random)
  const file = join(await temporaryFolder(), 'instance.json')
  const text = JSON.stringify(instance, null, 4)
  expect(text.length).toBeGreaterThan(1_048_576)
  await writeFile(file, text)
  const { exitCode, out } = await run(['import', '--format', 'wfformat', '--file', file, '--json'])
  expect(exitCode).toBe(0)
  const { definition, version } = JSON.parse(out)
  expect(definition.steps).toHaveLength(1_402)
  expect(version).toMatchObject({ number: 1, workflow: { name: 'layers-of-tasks' } })
})

test('a document that no request can hold is not sent', async () => {
  const file = join(await temporaryFolder(), 'huge.json')
  await writeFile(file, JSON.stringify({ name: 'x'.repeat(3_000_000) }))
  const url = 'http://127.0.0.1:1/graphql'
  expect(await run(['import', '--format', 'wfformat', '--file', file], { url })).toMatchObject({
    exitCode: 3,
    err: expect.stringMatching(/huge\.json has 3,000,011 bytes of JSON; at most 2,097,152 are read\. Take out/),
  })
})
