import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { cli } from '../support/cli.ts'
import { addWorker } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: TestGraph
let workerId: string
beforeAll(async () => {
  graph = await startGraph()
  workerId = await addWorker(graph.engine, ['work', 'other'])
})
beforeEach(async () => {
  for (const table of ['task', 'rate_limit', 'rate_bucket', 'rate_grant'])
    await graph.pool.query(`DELETE FROM "${table}"`)
})
afterAll(() => graph.stop())

const configure = async (rateLimits: object[]) => {
  const { data } = await graph.ask(
    `mutation ($input: ConfigureSchedulingInput!) { configureScheduling(input: $input) { __typename
      ... on ConfigureSchedulingSuccess { scheduling { rateLimits { type keyPattern tokens interval burst } } }
      ... on ValidationError { issues { path message } } } }`,
    { input: { rateLimits } },
  )
  return data.configureScheduling
}
const create = async (input: object = {}) => {
  const { data } = await graph.ask(
    `mutation ($input: CreateTaskInput!) { createTask(input: $input) { ... on CreateTaskSuccess { task { id } }
      ... on ValidationError { issues { path message } } } }`,
    { input: { name: 'a', type: 'work', ...input } },
  )
  return data.createTask
}
const WAITING = `{ tasks(filter: { status: { eq: READY } }) { nodes { rateKey nextTransitionAt blockedBy { __typename message
  ... on RateBlocker { taskType rateKey tokens interval burst nextTokenAt } } } } }`
const waiting = async () => (await graph.ask(WAITING)).data.tasks.nodes
const admit = (...keys: string[]) => admitTasks(graph.engine, 'default', keys)
const claim = async () => {
  const request = { tenant: 'default', workerId, queue: 'default', types: ['work', 'other'], limit: 10 }
  return (await claimTasks(graph.engine, request)).tasks
}

describe('configureScheduling(rateLimits)', () => {
  test('sets all rates from now on; a burst that is absent is that of one interval', async () => {
    const set = await configure([
      { type: 'work', tokens: 50, interval: 'PT1S' },
      { keyPattern: 'github:*', tokens: 5000, interval: 'PT1H', burst: 100 },
    ])
    expect(set.scheduling.rateLimits).toEqual([
      { type: 'work', keyPattern: null, tokens: 50, interval: 'PT1S', burst: 50 },
      { type: null, keyPattern: 'github:*', tokens: 5000, interval: 'PT1H', burst: 100 },
    ])
    expect((await configure([])).scheduling.rateLimits).toEqual([])
  })

  test.each([
    [{ type: 'work', keyPattern: 'a' }, [], /names both a type and keys, or neither/],
    [{}, [], /names both a type and keys, or neither/],
    [{ type: 'wrok' }, ['type'], /"wrok" is no task type; there are other, work/],
    [{ type: 'work', tokens: 0 }, ['tokens'], /is 0; give a whole number/],
    [{ type: 'work', interval: 'PT0S' }, ['interval'], /from one millisecond/],
    [{ type: 'work', interval: '-PT1S' }, ['interval'], /from one millisecond/],
    [{ type: 'work', burst: -1 }, ['burst'], /is -1/],
    [{ keyPattern: 'a*b' }, ['keyPattern'], /has a \* before its end/],
  ])('refuses %j', async (wrong, path, message) => {
    const refused = await configure([{ tokens: 1, interval: 'PT1S', ...wrong }])
    expect(refused).toEqual({
      __typename: 'ValidationError',
      issues: [{ path: ['input', 'rateLimits', '0', ...path], message: expect.stringMatching(message) }],
    })
  })

  test('takes no fraction of a start at once', async () => {
    const { errors } = await graph.ask(
      'mutation { configureScheduling(input: { rateLimits: [{ type: "work", tokens: 1, interval: "PT1S", burst: 1.5 }] }) { __typename } }',
    )
    expect(errors![0]!.message).toContain('1.5')
  })
})

describe('a task that waits for a token', () => {
  test('says which rate holds it, and when the next may start', async () => {
    await configure([
      { type: 'work', tokens: 2, interval: 'PT1H' },
      { keyPattern: 'mail:*', tokens: 1, interval: 'PT1M' },
    ])
    await create()
    await create()
    await create({ timeouts: { queue: 'P1D' } })
    await admit('type:work')
    const [held] = (await waiting()).filter(({ blockedBy }: { blockedBy: object[] }) => blockedBy.length > 0)
    expect(held).toEqual({
      rateKey: null,
      nextTransitionAt: expect.any(String),
      blockedBy: [
        {
          ...{ __typename: 'RateBlocker', taskType: 'work', rateKey: null },
          ...{ tokens: 2, interval: 'PT1H', burst: 2, nextTokenAt: null },
          message:
            'Of tasks of the type "work" 2 start in PT1H, 2 at once; others may start first and have not been claimed yet.',
        },
      ],
    })
    // Nothing but its time-out is sure to come before others have started.
    expect(Date.parse(held.nextTransitionAt) - Date.now()).toBeGreaterThan(80_000_000)
    await claim()
    const [next] = await waiting()
    const inMs = Date.parse(next.blockedBy[0].nextTokenAt) - Date.now()
    expect(inMs).toBeGreaterThan(1_700_000)
    expect(inMs).toBeLessThanOrEqual(1_801_000)
    expect(next.nextTransitionAt).toBe(next.blockedBy[0].nextTokenAt)
  })

  test('names the rate key, with as many statements for many as for one', async () => {
    await configure([{ keyPattern: 'mail:*', tokens: 1, interval: 'PT1M' }])
    const keys = Array.from({ length: 5 }, (_, n) => `mail:${n}`)
    for (const rateKey of keys) for (const _ of [1, 2]) await create({ type: 'other', rateKey })
    await admit(`rate:${keys[0]}`)
    await claim()
    const few = await graph.statementsOf(waiting)
    await admit(...keys.map((key) => `rate:${key}`))
    await claim()
    let held: { blockedBy: { rateKey: string }[] }[] = []
    const many = await graph.statementsOf(async () => {
      held = await waiting()
    })
    expect(held.map(({ blockedBy }) => blockedBy[0]!.rateKey).toSorted()).toEqual(keys)
    expect(many.length).toBe(few.length)
  })

  test('is about to be let through once its rate is gone', async () => {
    await configure([{ type: 'work', tokens: 1, interval: 'PT1M' }])
    await create()
    await configure([])
    expect(await waiting()).toEqual([{ rateKey: null, nextTransitionAt: null, blockedBy: [] }])
  })

  test('refuses a rate key that is too long', async () => {
    expect((await create({ rateKey: 'x'.repeat(501) })).issues).toEqual([
      { path: ['input', 'rateKey'], message: expect.stringContaining('500') },
    ])
  })
})

describe('task-mgmt queue configure --rate', () => {
  let live: LiveGraph
  beforeAll(async () => {
    live = await startLiveGraph()
    await addWorker(live.engine, ['work'])
  })
  afterAll(() => live.stop())
  const run = (...argv: string[]) => cli(['queue', ...argv], { url: live.url })

  test('holds tasks that are made with a rate key', async () => {
    const made = await cli(['task', 'create', '--name', 'a', '--type', 'work', '--rate-key', 'mail:1', '--json'], {
      url: live.url,
    })
    expect(made.err).toBe('')
    const { rows } = await live.pool.query('SELECT rate_key, blocked_on FROM task')
    expect(rows).toEqual([{ rate_key: 'mail:1', blocked_on: 'rate:mail:1' }])
  })

  test('sets rates, shows them, and takes them away', async () => {
    const set = await run('configure', '--rate', 'type:work=50/1s', '--rate', 'key:git=hub:*=5000/1h,100')
    expect(set.err).toBe('')
    expect(set.out).toContain('type work: 50 in 1.0s, 50 at once')
    expect((await run('show')).out).toContain('key git=hub:*: 5000 in 1h, 100 at once')
    expect((await run('configure', '--clear-rates')).out).not.toContain('at once')
  })

  test.each([
    [['--rate', 'work=50/1s'], 2, 'Write it as type:send_email=50/1s'],
    [['--rate', 'type:work=fast/1s'], 2, 'Write it as'],
    [['--rate', 'type:work=5/soon'], 2, 'Write a duration like 30s'],
    [['--rate', 'type:work=5/1s', '--clear-rates'], 2, 'do not go together'],
    [['--rate', 'type:work=0/1s'], 3, 'is 0; give a whole number from 1 to 1000000'],
    [['--rate', 'type:wrok=1/1s'], 3, '"wrok" is no task type'],
  ])('says what is wrong with %j', async (options, exitCode, message) => {
    const refused = await run('configure', ...options)
    expect(refused.exitCode).toBe(exitCode)
    expect(refused.err).toContain(message)
  })
})
