import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_DEFINITION_CHARACTERS, MAX_REQUEST_BYTES } from '../../src/cli/read/document.ts'
import { MAX_BODY_BYTES } from '../../src/graph/server.ts'
import { MAX_DEFINITION_BYTES } from '../../src/workflow/definition/bounds.ts'
import { temporaryFolder } from '../integration/graph-sitter/temporary-folder.ts'
import { BAD_DEFINITIONS, definitionOfSize, textOf } from '../support/bad-definitions.ts'
import { type CliOptions, cli } from '../support/cli.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { addTaskType } from '../support/tasks.ts'

let graph: LiveGraph
beforeAll(async () => {
  graph = await startLiveGraph()
  await addTaskType(graph.pool, 'work')
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}) => cli(['workflow', ...argv], { url: graph.url, ...options })

describe('a definition with', () => {
  test.each(BAD_DEFINITIONS)('$what is refused on its line', async (bad) => {
    const input = textOf(bad, 'bad')
    const line = new RegExp(`^${bad.line}:\\d+ \\S.*: error ${bad.code}: `, 'm')
    const judged = await run(['validate', '--file', '-'], { input })
    expect(judged.exitCode).toBe(3)
    expect(judged.out).toContain(bad.says)
    if (bad.place !== '') expect(judged.out).toMatch(line)
    const refused = await run(['create', '--file', '-'], { input })
    expect(refused).toMatchObject({ exitCode: 3, out: '' })
    expect(refused.err).toContain(judged.out)
    expect(JSON.parse((await run(['validate', '--file', '-', '--json'], { input })).out)).toMatchObject({
      isValid: false,
      problems: expect.arrayContaining([expect.objectContaining({ code: bad.code, line: bad.line })]),
    })
  })

  test('a task type that nobody serves yet is kept, with a warning', async () => {
    const input = textOf({ steps: '  - { id: a, type: TASK, task: wrok }' }, 'guessed')
    expect(await run(['create', '--file', '-'], { input })).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^Created guessed v1/),
      err: expect.stringMatching(/^3:\d+ steps\[0\]\.task: warning UNKNOWN_TASK_TYPE: .*did you mean "work"\?/),
    })
  })
})

describe('a file of 10 MB', () => {
  test.each(['create', 'validate'])('is not sent by %s, which names the limit', async (command) => {
    const file = join(await temporaryFolder(), 'huge.yaml')
    await writeFile(file, definitionOfSize('huge', 10_000_000))
    const { exitCode, err, out } = await run([command, '--file', file], { url: 'http://127.0.0.1:1/graphql' })
    expect({ exitCode, out }).toEqual({ exitCode: 3, out: '' })
    expect(err).toMatch(/huge\.yaml has 10,000,\d{3} bytes; at most 1,048,576 are read\. Split it/)
  })

  test('is refused from the standard input as well, and one of a little over a megabyte from a file', async () => {
    const url = 'http://127.0.0.1:1/graphql'
    const huge = await run(['create', '--file', '-'], { url, input: definitionOfSize('huge', 10_000_000) })
    expect(huge).toMatchObject({ exitCode: 3, err: expect.stringMatching(/^The standard input has 10,000,\d{3} char/) })
    const file = join(await temporaryFolder(), 'large.yaml')
    await writeFile(file, definitionOfSize('large', 1_100_000))
    expect(await run(['create', '--file', file], { url })).toMatchObject({ exitCode: 3 })
  })

  test('has the limits of the server', () => {
    expect(MAX_DEFINITION_CHARACTERS).toBe(MAX_DEFINITION_BYTES)
    expect(MAX_REQUEST_BYTES).toBe(MAX_BODY_BYTES)
  })
})
