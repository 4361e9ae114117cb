import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import type { TaskDetailsFragment } from '../../src/sdk/generated/operations.ts'
import { cli } from '../support/cli.ts'
import { addWorker } from '../support/engine.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: LiveGraph
let workerId: string

beforeAll(async () => {
  graph = await startLiveGraph()
  workerId = await addWorker(graph.engine, ['work'], 10, {
    labels: { region: 'eu' },
    resources: { cpuCores: 4, memoryMb: 16_384, gpu: 1, custom: { license: 2 } },
  })
})
afterAll(() => graph.stop())

const run = (...argv: string[]) => cli(argv, { url: graph.url })
const create = (...more: string[]) => run('task', 'create', '--name', 'made', '--type', 'work', ...more)

describe('task create', () => {
  test('asks for resources and for workers', async () => {
    const { out, err } = await create(
      ...[
        '--cpu',
        '1.5',
        '--memory',
        '8G',
        '--disk',
        '0',
        '--gpu',
        '1',
        '--resource',
        'license=1',
        '--resource',
        'seat=0',
      ],
      ...[
        '--selector',
        'region=eu',
        '--prefer',
        'disk=ssd*10',
        '--prefer',
        'zone in (a,b)',
        '--prefer-for',
        '1m',
        '--json',
      ],
    )
    expect(err).toBe('')
    const task = JSON.parse(out) as TaskDetailsFragment
    expect(task).toMatchObject({
      resources: {
        cpuCores: 1.5,
        memoryMb: 8_192,
        gpu: 1,
        diskMb: 0,
        custom: [
          { name: 'license', amount: 1 },
          { name: 'seat', amount: 0 },
        ],
      },
      workerSelector: 'region=eu',
      workerPreferences: [
        { selector: 'disk=ssd', weight: 10 },
        { selector: 'zone in (a,b)', weight: 1 },
      ],
      preferenceGrace: 'PT1M',
    })
    const shown = (await run('task', 'get', task.id)).out
    expect(shown).toMatch(/Takes +1\.5 cpu, 8192 MB, 1 gpu, 0 MB disk, 1 license, 0 seat\n/)
    expect(shown).toMatch(/Runs on +region=eu\n/)
    expect(shown).toMatch(/Prefers +disk=ssd \(10\); zone in \(a,b\) \(1\)\n/)
  })

  test.each([
    ['--memory', '8 gallons', 'Write megabytes, or a size like 512M, 8G or 1.5T.'],
    ['--memory', '-1', 'Write megabytes'],
    ['--cpu', 'many', 'Write a number from 0'],
    ['--cpu', '-2', 'Write a number from 0'],
    ['--cpu', 'NaN', 'Write a number from 0'],
    ['--resource', 'license', 'Write it as name=amount'],
    ['--resource', 'license=x', 'Write a number from 0'],
  ])('does not take %s %s', async (option, value, message) => {
    const { exitCode, err } = await create(`${option}=${value}`)
    expect([exitCode, err]).toEqual([2, expect.stringContaining(message)])
  })

  test('says what is wanting when no worker is large enough', async () => {
    expect((await create('--gpu', '2')).out).toContain(
      'waits: No live worker is large enough: it takes 2 of gpu, and the largest has 1. Start a larger one.',
    )
  })
})

test('worker list and worker get show what is taken', async () => {
  const request = { tenant: 'default', workerId, queue: 'default', types: ['work'], limit: 10 }
  const { tasks } = await claimTasks(graph.engine, request)
  expect(tasks).toHaveLength(1)
  const use = /1\.5\/4 cpu, 8192\/16384 MB, 1\/1 gpu, 1\/2 license/
  expect((await run('worker', 'list')).out).toMatch(use)
  const [listed] = JSON.parse((await run('worker', 'list', '--json')).out)
  expect((await run('worker', 'get', listed.id)).out).toMatch(use)
})
