import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/task/json.ts'
import { type Judged, judgeEvent } from '../../src/trigger/judge-event.ts'
import type { TriggerEvent, TriggerTarget } from '../../src/trigger/trigger-state.ts'

const NOW = new Date('2030-01-01T00:00:00Z')
const EVENT: TriggerEvent = {
  id: '01900000-0000-7000-8000-000000000000',
  key: 'order/paid',
  payload: { id: 17, total: 12.5, lines: ['a', 'b'] },
  sender: 'shop',
  receivedAt: NOW,
}
const RUN: TriggerTarget = { workflow: { name: 'ship' } }

const judge = (target: TriggerTarget, condition: string | null = null, more: Partial<TriggerEvent> = {}): Judged =>
  judgeEvent({ condition, target }, { ...EVENT, ...more }, NOW)
const inputOf = (input: JsonValue): Judged => judge({ workflow: { name: 'ship', input } })

describe('the condition', () => {
  test.each([
    ['payload.total > 10.0', 'RUN'],
    ['payload.total > 20.0', 'SKIP'],
    ["sender == 'shop' && key.startsWith('order/')", 'RUN'],
    ["eventId.startsWith('event_') && timestamp(receivedAt) > timestamp('2029-01-01T00:00:00Z')", 'RUN'],
  ])('%s', (condition, kind) => {
    expect(judge(RUN, condition)).toMatchObject({ kind })
  })

  test('that cannot be judged says why, and is no silent no', () => {
    expect(judge(RUN, 'payload.missing > 1.0')).toEqual({
      kind: 'FAIL',
      error: {
        code: 'EXPRESSION',
        message: expect.stringMatching(/^The condition "payload.missing > 1.0" cannot be judged: /),
      },
    })
    expect(judge(RUN, 'payload.id')).toMatchObject({ kind: 'FAIL', error: { code: 'EXPRESSION' } })
  })

  test('that never ends is cut off', () => {
    const loops = 'payload.all(a, payload.all(b, payload.all(c, payload.all(d, a + b + c + d >= 0.0))))'
    const payload = Array.from({ length: 300 }, (_, n) => n)
    expect(judge(RUN, loops, { payload })).toMatchObject({ kind: 'FAIL', error: { code: 'EXPRESSION' } })
  })
})

describe('the input', () => {
  test('is the payload where nothing else is said, or an empty object', () => {
    expect(judge(RUN)).toEqual({ kind: 'RUN', workflow: 'ship', version: null, input: EVENT.payload })
    expect(judge(RUN, null, { payload: null })).toMatchObject({ input: {} })
    expect(judge({ task: { name: 'a', type: 'work' } })).toMatchObject({ task: { input: EVENT.payload } })
    expect(judge({ task: { name: 'a', type: 'work' } }, null, { payload: null })).not.toHaveProperty('task.input')
  })

  test.each<[JsonValue, JsonValue]>([
    [
      { order: '${{ payload.id }}', n: 1, list: ['${{ payload.lines[1] }}', null] },
      { order: 17, n: 1, list: ['b', null] },
    ],
    [{ text: 'order ${{ payload.id }} of ${{ sender }}' }, { text: 'order 17 of shop' }],
    [
      { all: '${{ payload }}', in: 'as ${{ payload.lines }}' },
      { all: EVENT.payload, in: 'as ["a","b"]' },
    ],
    ['${{ payload.lines.map(l, l + "!") }}', ['a!', 'b!']],
    [{ plain: '$ {{ no }} ${ nor }' }, { plain: '$ {{ no }} ${ nor }' }],
    [{ fixed: true }, { fixed: true }],
  ])('%j', (template, input) => {
    expect(inputOf(template)).toMatchObject({ kind: 'RUN', input })
  })

  test('that cannot be filled names the expression', () => {
    expect(inputOf({ a: '${{ payload.gone.deep }}' })).toEqual({
      kind: 'FAIL',
      error: {
        code: 'EXPRESSION',
        message: expect.stringContaining('In workflow.input: "payload.gone.deep" cannot be evaluated'),
      },
    })
  })

  test('that is too large is refused', () => {
    const payload = 'x'.repeat(250_000)
    const target = { workflow: { name: 'ship', input: ['1', '2', '3', '4', '5'].map(() => '${{ payload }}') } }
    expect(judge(target, null, { payload })).toMatchObject({
      kind: 'FAIL',
      error: { code: 'VALIDATION', message: expect.stringContaining('workflow.input takes') },
    })
  })
})

describe('the task', () => {
  const task = {
    name: 'Order ${{ payload.id }}',
    type: 'work',
    description: 'of ${{ sender }}',
    input: { id: '${{ payload.id }}' },
    tags: ['${{ key }}', 'fixed'],
    labels: { order: '${{ payload.id }}', team: 'a' },
    concurrencyKey: 'order-${{ payload.id }}',
    deadlineAfterMs: 60_000,
  }

  test('has its texts filled', () => {
    expect(judge({ task })).toEqual({
      kind: 'TASK',
      task: {
        name: 'Order 17',
        type: 'work',
        description: 'of shop',
        input: { id: 17 },
        tags: ['order/paid', 'fixed'],
        labels: { order: '17', team: 'a' },
        concurrencyKey: 'order-17',
        deadline: new Date(NOW.getTime() + 60_000),
      },
    })
  })

  test('that the event makes impossible is refused with what is wrong', () => {
    expect(judge({ task: { ...task, name: '${{ payload.id }}${{ key }}' } }, null, { key: 'k'.repeat(500) })).toEqual({
      kind: 'FAIL',
      error: { code: 'VALIDATION', message: expect.stringContaining('task.name has 502 characters; 500 at most') },
    })
    expect(judge({ task: { ...task, labels: { a: '${{ payload.gone }}' } } })).toMatchObject({
      error: { code: 'EXPRESSION', message: expect.stringContaining('In task: "payload.gone"') },
    })
  })
})
