import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { encodeTypeId } from '../../src/task/type-id.ts'
import { type CliOptions, type CliRun, cli } from '../support/cli.ts'
import { ACTOR } from '../support/engine.ts'
import { startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: LiveGraph
beforeAll(async () => {
  graph = await startLiveGraph()
  await startHandWorker(graph.engine, ['work'])
  await createWorkflow(graph.engine, ACTOR, {
    definition: { name: 'ship', steps: [{ id: 'a', type: 'TASK', task: 'work' }] },
  })
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}): Promise<CliRun> =>
  cli(['trigger', ...argv], { url: graph.url, ...options })

async function make(...more: string[]): Promise<{ id: string; [field: string]: unknown }> {
  const target = more.includes('--workflow') ? [] : ['--type', 'work']
  const { out, err } = await run(['create', '--name', 'made', ...target, '--json', ...more])
  expect(err).toBe('')
  return JSON.parse(out)
}

async function send(key: string, payload: string): Promise<string> {
  const { out } = await cli(['event', 'send', key, '--payload', payload], { url: graph.url })
  await fireTriggers(graph.engine)
  return out
}

describe('trigger create', () => {
  test('makes a trigger of all its options', async () => {
    const rule = ['--key-prefix', 'all/', '--condition', 'payload.ok', '--cool-down', '90s', '--max-per-hour', '7']
    const caps = ['--max-per-day', '70', '--description', 'why', '--task-name', 'Order ${{ payload.id }}']
    const task = ['--input', '{"n":"${{ payload.n }}"}', '--label', 'team=a', '--tag', 'x', '--concurrency-key', 'k']
    expect(await make(...rule, ...caps, ...task, '--deadline-after', '1h')).toMatchObject({
      id: expect.stringMatching(/^trigger_/),
      name: 'made',
      keyPrefix: 'all/',
      condition: 'payload.ok',
      coolDown: 'PT1M30S',
      maxPerHour: 7,
      maxPerDay: 70,
      description: 'why',
      task: {
        name: 'Order ${{ payload.id }}',
        type: 'work',
        input: { n: '${{ payload.n }}' },
        labels: { team: 'a' },
        tags: ['x'],
        concurrencyKey: 'k',
        deadlineAfter: 'PT1H',
      },
    })
  })

  test('says what is wrong', async () => {
    const none = await run(['create', '--name', 'x', '--key', 'a'])
    expect([none.exitCode, none.err]).toEqual([2, expect.stringContaining('give exactly one of --type and --workflow')])
    const both = await run(['create', '--name', 'x', '--key', 'a', '--workflow', 'ship', '--label', 'a=b'])
    expect([both.exitCode, both.err]).toEqual([2, expect.stringContaining('has no --label')])
    const negative = await run(['create', '--name', 'x', '--key', 'a', '--type', 'work', '--max-per-hour', '-1'])
    expect([negative.exitCode, negative.err]).toEqual([2, expect.stringContaining('whole number from 1')])
    const condition = await run(['create', '--name', 'x', '--key', 'a*', '--type', 'work', '--condition', '('])
    expect(condition.exitCode).toBe(3)
    expect(condition.err).toContain('key: ends with *')
    expect(condition.err).toContain('condition: is no expression over the event')
    const gone = await run(['create', '--name', 'x', '--key', 'a', '--workflow', 'gone'])
    expect([gone.exitCode, gone.err]).toEqual([3, expect.stringContaining('There is no workflow called "gone"')])
  })
})

describe('a trigger', () => {
  test('is shown with its firings, listed, changed, paused, resumed and deleted', async () => {
    const { id } = await make('--key', 'told', '--condition', 'payload.n > 1.0', '--cool-down', '1h')
    expect(await send('told', '{"n":2}')).toMatch(/^Sent event_\w+, handed to 1 trigger\.\n$/)
    await send('told', '{"n":0}')
    await send('told', '{}')
    await send('told', '{"n":3}')
    const shown = (await run(['show', id])).out
    expect(shown).toMatch(/^made\nId +trigger_\w+\nStatus +ACTIVE\nVersion +1\nTakes +told\nIf +payload\.n > 1\.0\n/)
    expect(shown).toMatch(/Starts +made \(work\)\nInput +the payload\nCool-down +1h\nIn an hour +1 of at most 1000\n/)
    expect(shown).toMatch(/So far +1 started, 2 skipped, 1 failed\n/)
    const firings = (await run(['firings', id])).out.trim().split('\n')
    expect(firings).toEqual([
      expect.stringMatching(/^firing_\w+ .* told: SKIPPED: it cools down$/),
      expect.stringMatching(/ told: FAILED: EXPRESSION The condition "payload\.n > 1\.0" cannot be judged/),
      expect.stringMatching(/ told: SKIPPED: its condition does not hold$/),
      expect.stringMatching(/ told: started task_\w+ READY$/),
    ])
    const failed = JSON.parse((await run(['firings', id, '--status', 'failed,pending', '--json'])).out)
    expect(failed.firings).toMatchObject([{ status: 'FAILED', errorCode: 'EXPRESSION' }])
    const paged = await run(['firings', id, '--limit', '1'])
    expect(paged.err).toMatch(/^More: .*trigger firings trigger_\w+ … --after \S+\n$/)
    expect((await run(['list', '--takes', 'told'])).out).toMatch(
      /^ID +NAME +STATUS +TAKES +STARTS +STARTED +LAST\ntrigger_\w+ +made +ACTIVE +told +work +1 +/,
    )
    const changed = [
      'update',
      id,
      '--key-prefix',
      'tol',
      '--condition',
      '',
      '--workflow',
      'ship',
      '--expected-version',
      '1',
    ]
    expect(JSON.parse((await run([...changed, '--json'])).out)).toMatchObject({
      key: null,
      keyPrefix: 'tol',
      condition: null,
      task: null,
      workflow: { name: 'ship' },
      version: 2,
    })
    const late = await run(changed)
    expect([late.exitCode, late.err]).toEqual([3, expect.stringContaining('is at version 2, not 1')])
    expect((await run(['pause', id])).out).toBe(`Paused ${id} made\n`)
    expect((await run(['list', '--status', 'paused'])).out).toContain(id)
    expect((await run(['resume', id])).out).toBe(`Takes events: ${id} made\n`)
    expect((await run(['delete', id])).out).toBe(`Deleted ${id}\n`)
    expect((await run(['list', '--takes', 'told'])).out).toBe('No trigger matches.\n')
    const gone = await run(['pause', id])
    expect([gone.exitCode, gone.err]).toEqual([3, expect.stringContaining('There is no trigger')])
  })

  test('is fired by hand, or only asked what it would do', async () => {
    const { id } = await make(
      '--key',
      'hand',
      '--condition',
      'payload.ok',
      '--workflow',
      'ship',
      '--input',
      '{"n":"${{ payload.n }}"}',
    )
    const fire = (payload: string, ...more: string[]) => run(['fire', id, '--payload', payload, ...more])
    expect((await fire('{"ok":true,"n":4}', '--dry-run')).out).toBe('Would start with the input {"n":4}\n')
    expect((await fire('{"ok":false}', '--dry-run')).out).toBe('Would start nothing: CONDITION\n')
    const wrong = await fire('{"ok":true}', '--dry-run')
    expect([wrong.exitCode, wrong.out]).toEqual([3, expect.stringContaining('Would fail: EXPRESSION')])
    expect((await run(['firings', id])).out).toBe('No firing.\n')
    expect((await fire('{"ok":true,"n":4}')).out).toMatch(/^firing_\w+ started run_\w+ PENDING\n$/)
    const failed = await fire('{"ok":true}')
    expect([failed.exitCode, failed.out]).toEqual([3, expect.stringContaining('FAILED: EXPRESSION')])
    expect((await run(['firings', id])).out).toMatch(/ by hand: FAILED.*\nfiring_\w+ .* by hand: started run_/)
    const none = await run(['show', encodeTypeId('trigger', '00000000-0000-7000-8000-000000000000')])
    expect([none.exitCode, none.err]).toEqual([3, expect.stringContaining('There is no trigger')])
  })
})

test('event get shows what triggers did with the event', async () => {
  const { id } = await make('--key', 'seen')
  await send('seen', '1')
  const { events } = JSON.parse((await cli(['event', 'list', '--key', 'seen', '--json'], { url: graph.url })).out)
  const { out } = await cli(['event', 'get', events[0].id], { url: graph.url })
  expect(out).toMatch(new RegExp(`\\ntrigger ${id} made: started task_\\w+ READY\\n`))
})
