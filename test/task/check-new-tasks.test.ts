import { describe, expect, test } from 'vitest'
import { checkNewTasks, checkTaskDefaults } from '../../src/task/check-new-tasks.ts'
import { checkTaskUpdate } from '../../src/task/check-task-update.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { at } from '../support/task-samples.ts'
import { START } from '../support/task-walk.ts'

const ID = '00000000-0000-7000-8000-000000000001'
const pathOf = (index: number) => ['tasks', index]

function problemsOf(...tasks: Partial<NewTask>[]): string[] {
  const whole = tasks.map((task) => ({ name: 'a', type: 'work', ...task }))
  return checkNewTasks(whole, START, pathOf).map(({ path, message }) => `${path.join('.')} ${message}`)
}

const many = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, n) => item(n))

describe('new tasks', () => {
  test('are fine with everything given', () => {
    const whole: Partial<NewTask> = {
      key: 'k',
      description: '',
      queue: 'slow',
      input: { a: 1 },
      priority: 'LOW',
      scheduledFor: at(60_000),
      deadline: at(90_000),
      estimatedMs: 0,
      dependsOn: [{ taskId: ID, kind: 'DATA', inputField: 'found', onUnmet: 'FAIL' }],
      retry: {
        maxAttempts: 1000,
        strategy: 'linear',
        initialMs: 0,
        factor: 1,
        maxMs: 0,
        jitter: 1,
        nonRetryableCodes: ['A'],
      },
      timeouts: { queueMs: 1, attemptMs: null, totalMs: 1, heartbeatMs: 1 },
      resources: { cpuCores: 0.5, memoryMb: 0 },
      tags: ['t'],
      labels: { team: '' },
      parentId: ID,
    }
    expect(problemsOf(whole, { dependsOn: [{ key: 'k' }] })).toEqual([])
    expect(problemsOf(...many(10_000, () => ({})))).toEqual([])
  })

  test.each<[string, Partial<NewTask>, RegExp]>([
    ['an empty name', { name: ' ' }, /^tasks\.0\.name is empty/],
    ['a long name', { name: 'x'.repeat(501) }, /name has 501 characters; 500 at most/],
    ['a NUL character in the name', { name: 'a\0' }, /name holds the NUL/],
    ['half a surrogate pair in the name', { name: '\ud800' }, /name holds half/],
    ['a NUL character in the type', { type: 'a\0' }, /type holds the NUL/],
    ['an empty type', { type: '' }, /type is empty/],
    ['a time in the past', { scheduledFor: at(-60_001) }, /scheduledFor .* is in the past; leave it out/],
    ['a deadline in the past', { deadline: at(-86_400_000) }, /deadline .* is in the past/],
    ['no time', { scheduledFor: new Date('never') }, /scheduledFor is not a time/],
    ['a time too far', { deadline: new Date(8.64e15) }, /more than a hundred years/],
    ['a negative time-out', { timeouts: { attemptMs: -1 } }, /timeouts\.attempt is -1 ms; give 1 ms or more/],
    ['a time-out of nothing', { timeouts: { queueMs: 0 } }, /timeouts\.queue is 0 ms/],
    ['half a millisecond', { timeouts: { totalMs: 0.5 } }, /timeouts\.total is 0\.5 ms/],
    ['an endless time-out', { timeouts: { heartbeatMs: Number.POSITIVE_INFINITY } }, /timeouts\.heartbeat is Infinity/],
    ['a time-out too long', { timeouts: { totalMs: 1e15 } }, /longer than a hundred years/],
    ['a negative estimate', { estimatedMs: -1 }, /estimatedDuration is -1 ms; give 0 ms/],
    ['no attempts', { retry: { maxAttempts: 0 } }, /retry\.maxAttempts is 0/],
    ['an unknown strategy', { retry: { strategy: 'random' as 'fixed' } }, /retry\.strategy "random" is not one of/],
    ['a factor under 1', { retry: { factor: 0.5 } }, /retry\.factor is 0\.5/],
    ['no number as factor', { retry: { factor: Number.NaN } }, /retry\.factor is NaN/],
    ['a jitter over 1', { retry: { jitter: 1.5 } }, /retry\.jitter is 1\.5/],
    ['a negative back-off', { retry: { initialMs: -1 } }, /retry\.initial is -1 ms/],
    [
      'a NUL character in a code',
      { retry: { nonRetryableCodes: ['A\0'] } },
      /retry\.nonRetryableCodes\.0 holds the NUL/,
    ],
    ['an unknown priority', { priority: 'URGENT' as 'HIGH' }, /priority is not one of CRITICAL/],
    ['negative memory', { resources: { memoryMb: -1 } }, /resources\.memoryMb is -1/],
    ['101 tags', { tags: many(101, String) }, /tags holds 101 tags; 100 at most/],
    ['an empty tag', { tags: ['a', ''] }, /tags\.1 is empty/],
    ['half a surrogate pair in a tag', { tags: ['\udc00'] }, /tags\.0 holds half/],
    ['a label that is no text', { labels: { a: 1 as unknown as string } }, /labels\.a is a number/],
    ['half a surrogate pair in a label', { labels: { '\ud800': 'x' } }, /holds half/],
    ['an input of over 1 MB', { input: 'x'.repeat(1_048_576) }, /input takes 1048578 bytes; 1048576 at most/],
    ['an input with a NUL character', { input: { a: '\0' } }, /input cannot be kept as JSON/],
    ['an input with a cycle', { input: cycle() }, /input cannot be kept as JSON: Converting circular/],
    ['an input that nests too deep', { input: nest(2_000) }, /input cannot be kept as JSON/],
    ['a malformed parent', { parentId: 'x' }, /parentId "x" is not the id of a task/],
    ['a dependency on nothing', { dependsOn: [{}] }, /dependsOn\.0 needs either/],
    ['a dependency on two at once', { key: 'k', dependsOn: [{ taskId: ID, key: 'k' }] }, /dependsOn\.0 needs either/],
    ['a malformed dependency', { dependsOn: [{ taskId: ID.toUpperCase().replace('8', 'Z') }] }, /dependsOn\.0\.taskId/],
    [
      'the same dependency twice',
      { dependsOn: [{ taskId: ID }, { taskId: ID }] },
      /dependsOn\.1 depends on the same task twice/,
    ],
    ['a key that names nothing', { dependsOn: [{ key: 'nobody' }] }, /dependsOn\.0\.key "nobody" names no task/],
    ['an unknown kind', { dependsOn: [{ taskId: ID, kind: 'MAYBE' as 'DATA' }] }, /dependsOn\.0\.kind is not one of/],
    [
      'an unknown rule',
      { dependsOn: [{ taskId: ID, onUnmet: 'WAIT' as 'SKIP' }] },
      /dependsOn\.0\.onUnmet is not one of/,
    ],
    ['data without a field', { dependsOn: [{ taskId: ID, kind: 'DATA' }] }, /inputField is missing/],
    ['a field without data', { dependsOn: [{ taskId: ID, inputField: 'a' }] }, /goes with kind DATA only/],
    [
      'data into a list',
      { input: [], dependsOn: [{ taskId: ID, kind: 'DATA', inputField: 'a' }] },
      /must be an object/,
    ],
  ])('are refused with %s', (_what, task, problem) => {
    expect(problemsOf(task)).toEqual([expect.stringMatching(problem)])
  })

  test('are refused when two outputs would go to one field', () => {
    const other = ID.replace('1', '2')
    const dependsOn = [ID, other].map((taskId) => ({ taskId, kind: 'DATA' as const, inputField: 'a' }))
    expect(problemsOf({ dependsOn })).toEqual([expect.stringMatching(/dependsOn\.1\.inputField "a" takes the output/)])
  })

  test('are refused by the call: none, too many, a key twice', () => {
    expect(checkNewTasks([], START, pathOf)).toMatchObject([{ path: ['tasks'] }])
    expect(problemsOf(...many(10_001, () => ({ name: '' })))).toEqual([
      expect.stringMatching(/10001 tasks; one call takes 10000/),
    ])
    expect(problemsOf({ key: 'k' }, { key: 'k' })).toEqual([
      expect.stringMatching(/^tasks\.1\.key "k" names two tasks/),
    ])
  })

  test('show all their problems at once, each with its path', () => {
    const problems = problemsOf({ name: '', priority: 'X' as 'LOW' }, {}, { timeouts: { queueMs: -5 }, tags: [''] })
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'tasks.0.name',
      'tasks.0.priority',
      'tasks.2.timeouts.queue',
      'tasks.2.tags.0',
    ])
  })
})

describe('the defaults of a type', () => {
  test('are checked like a task', () => {
    expect(checkTaskDefaults({ priority: 'LOW', timeouts: { attemptMs: 5 }, retry: { maxAttempts: 2 } }, [])).toEqual(
      [],
    )
    const wrong = {
      priority: 'X' as 'LOW',
      timeouts: { attemptMs: 0 },
      retry: { maxAttempts: 0 },
      resources: { gpu: -1 },
    }
    expect(checkTaskDefaults(wrong, ['defaults']).map(({ path }) => path.join('.'))).toEqual([
      'defaults.priority',
      'defaults.timeouts.attempt',
      'defaults.retry.maxAttempts',
      'defaults.resources.gpu',
    ])
  })
})

describe('an update', () => {
  test('is refused when it changes nothing, or to what a task cannot be', () => {
    expect(checkTaskUpdate({}, START)).toMatchObject([
      { path: [], message: expect.stringContaining('changes nothing') },
    ])
    const wrong = {
      name: '',
      priority: 'X' as 'LOW',
      scheduledFor: at(-100_000),
      tags: ['\ud800'],
      labels: { a: '\0' },
    }
    expect(checkTaskUpdate(wrong, START).map(({ path }) => path.join('.'))).toEqual([
      'name',
      'priority',
      'scheduledFor',
      'tags.0',
      'labels.a',
    ])
    expect(checkTaskUpdate({ scheduledFor: null, deadline: null, description: null }, START)).toEqual([])
  })
})

function cycle(): never {
  const round: Record<string, unknown> = {}
  round.self = round
  return round as never
}

function nest(depth: number): never {
  return JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as never
}
