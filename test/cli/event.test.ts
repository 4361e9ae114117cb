import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { encodeTypeId } from '../../src/task/type-id.ts'
import { cli } from '../support/cli.ts'
import { createWork, type GraphWorker, signOn } from '../support/graph-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { until } from '../support/until.ts'
import { forgetAll } from '../support/waits.ts'

let graph: LiveGraph
let worker: GraphWorker
beforeAll(async () => {
  graph = await startLiveGraph()
  worker = await signOn(graph.url)
})
beforeEach(() => forgetAll(graph.pool))
afterAll(() => graph.stop())

const run = (...argv: string[]) => cli(['event', ...argv], { url: graph.url })

/** A task that waits, by its id. */
async function waiting(wait: { key: string; condition?: string; timeout?: string }): Promise<string> {
  await createWork(graph.engine, { name: 'held' })
  const [task] = await worker.claim()
  await worker.client.parkTask({ input: { ...worker.own(task!), ...wait } })
  return task!.id
}

describe('event send', () => {
  test('tells how many it woke, once for an id', async () => {
    const id = await waiting({ key: 'order/17' })
    const { out, exitCode } = await run('send', 'order/17', '--payload', '{"paid":true}', '--id', 'hook-1')
    expect([exitCode, out]).toEqual([0, expect.stringMatching(/^Sent event_\w{26}, 1 wait answered\.\n$/)])
    expect((await run('send', 'order/17', '--payload', '{"paid":true}', '--id', 'hook-1')).out).toMatch(
      /^Was sent before: event_\w{26}, 1 wait answered\.\n$/,
    )
    const [again] = await worker.claim()
    expect(again).toMatchObject({ id, answers: [{ key: 'order/17', payload: { paid: true } }] })
    const other = await run('send', 'order/17', '--payload', '{"paid":false}', '--id', 'hook-1')
    expect([other.exitCode, other.err]).toEqual([3, expect.stringContaining('was used before for an event')])
  })

  test('says that nobody waited, and what could not be judged', async () => {
    expect((await run('send', 'silence')).out).toMatch(/^Sent event_\w+, nobody waited for it\.\n$/)
    const id = await waiting({ key: 'order', condition: 'payload.a.b == 1' })
    const { out } = await run('send', 'order', '--payload', '5')
    expect(out).toMatch(/nobody waited for it\.\nOf 1 wait the condition could not be judged:\n/)
    expect(out).toContain(`  ${id} payload.a.b == 1: `)
    expect(JSON.parse((await run('send', 'order', '--payload', '5', '--json')).out)).toMatchObject({
      woken: 0,
      failedConditions: 1,
    })
  })

  test('says what is wrong', async () => {
    const bad = await run('send', 'k', '--payload', '{nope')
    expect([bad.exitCode, bad.err]).toEqual([2, expect.stringContaining('--payload is no JSON in the argument')])
    const huge = await run('send', 'k'.repeat(501))
    expect([huge.exitCode, huge.err]).toEqual([3, expect.stringContaining('has 501 characters; 500 at most')])
  })
})

describe('event list and get', () => {
  test('show events, the latest first, by key, and one with its payload and tasks', async () => {
    expect((await run('list')).out).toBe('No event.\n')
    const task = await waiting({ key: 'order' })
    await run('send', 'order', '--payload', '{"a":[1]}', '--id', 'hook-7')
    await run('send', 'other')
    const { out } = await run('list')
    expect(out).toMatch(
      /^ID +KEY +WOKEN +FROM +OWN ID +RECEIVED\nevent_\w+ +other +0 .*\nevent_\w+ +order +1 .* hook-7 +/,
    )
    const { events } = JSON.parse((await run('list', '--key', 'order', '--json')).out)
    expect(events).toMatchObject([{ key: 'order', woken: 1, dedupId: 'hook-7' }])
    const one = await run('get', events[0].id)
    expect(one.out).toContain(`order ${events[0].id}\n`)
    expect(one.out).toContain(`answered 1 wait when it came\n  ${task} held: READY\npayload {"a":[1]}\n`)
    const page = await run('list', '--limit', '1')
    expect(page.err).toMatch(/^More: .*event list … --after \S+\n$/)
    const none = await run('get', encodeTypeId('event', '00000000-0000-7000-8000-000000000000'))
    expect([none.exitCode, none.err]).toEqual([3, expect.stringContaining('There is no event')])
  })
})

describe('task why', () => {
  test('says which event a task waits for, until when, and how to send it', async () => {
    const id = await waiting({ key: 'order 17', condition: 'payload.ok', timeout: 'PT1H' })
    const { out } = await cli(['task', 'why', id], { url: graph.url })
    expect(out).toContain('• It waits for an event "order 17" from outside for which payload.ok holds.\n')
    expect(out).toMatch(/send it: task-mgmt( --url \S+)? event send 'order 17' --payload '…'\n/)
    expect(out).toMatch(/• It waits no longer than until 20\S+\n +goes on in (1h|59m)/)
    const holdups = await cli(['queue', 'holdups'], { url: graph.url })
    expect(holdups.out).toMatch(/\n1 +1 +the event order 17 +/)
  })

  test('is told live when the event comes', async () => {
    const id = await waiting({ key: 'live' })
    const seen: string[] = []
    const client = createClient({ url: graph.url })
    const watching = (async () => {
      for await (const task of client.taskExplained({ id })) {
        seen.push(`${task.status} ${task.blockedBy.map(({ __typename }) => __typename).join()}`)
        if (task.status === 'READY') return
      }
    })()
    await until(() => seen.length === 1)
    await run('send', 'live')
    await watching
    expect(seen[0]).toBe('WAITING ExternalBlocker')
    expect(seen.at(-1)).toMatch(/^READY/)
    client.close()
  })
})
