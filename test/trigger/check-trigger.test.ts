import { describe, expect, test } from 'vitest'
import { checkTrigger, isConstant, type TriggerFields } from '../../src/trigger/check-trigger.ts'
import { takesKey } from '../../src/trigger/takes-key.ts'

const NOW = new Date('2030-01-01T00:00:00Z')
const check = (fields: TriggerFields): [string, string][] =>
  checkTrigger(fields, NOW).map(({ path, message }) => [path.join('.'), message])

test('a sound trigger has no issue', () => {
  expect(
    check({
      name: 'Ship',
      description: null,
      keyPrefix: 'order/',
      condition: 'payload.total > 10.0',
      coolDownMs: 60_000,
      maxPerHour: 100_000,
      maxPerDay: 1_000_000,
      task: {
        name: '${{ payload.name }}',
        type: 'work',
        labels: { a: '${{ payload.a }}' },
        tags: ['${{ key }}'],
        input: { deep: [{ down: '${{ payload.x }}' }] },
        deadlineAfterMs: 1,
      },
    }),
  ).toEqual([])
})

describe('is refused with what, where and what to do', () => {
  test.each<[TriggerFields, string, string]>([
    [{ name: ' ' }, 'name', 'is empty'],
    [{ name: 'a\0' }, 'name', 'NUL'],
    [{ description: 'x'.repeat(10_001) }, 'description', '10000 at most'],
    [{ key: '' }, 'key', 'is empty: give 1 to 500 characters'],
    [{ key: 'x'.repeat(501) }, 'key', '500 at most'],
    [{ key: 'order/*' }, 'key', 'for all keys that begin so give keyPrefix "order/"'],
    [{ keyPrefix: '' }, 'keyPrefix', 'is empty'],
    [{ keyPrefix: 'order/*' }, 'keyPrefix', 'ends with *'],
    [{ key: 'a', keyPrefix: 'b' }, 'keyPrefix', 'stands beside a whole key'],
    [{ condition: 'payload.total >' }, 'condition', 'is no expression over the event: '],
    [{ condition: 'order.total > 1.0' }, 'condition', 'order'],
    [{ condition: '1 + 1' }, 'condition', 'true or false'],
    [{ condition: 'x'.repeat(4_001) }, 'condition', '4000 at most'],
    [{ coolDownMs: -1 }, 'coolDown', 'give 0 ms or more'],
    [{ coolDownMs: 367 * 86_400_000 }, 'coolDown', '366 days'],
    [{ maxPerHour: -5 }, 'maxPerHour', 'is -5; give 1 to 100,000'],
    [{ maxPerHour: 0 }, 'maxPerHour', 'to start nothing pause it'],
    [{ maxPerDay: 1.5 }, 'maxPerDay', 'give 1 to 1,000,000'],
    [{ maxPerDay: 1_000_001 }, 'maxPerDay', 'give 1 to 1,000,000'],
    [{ task: { name: 'a', type: 'work' }, workflow: { name: 'b' } }, 'workflow', 'stands beside a task'],
    [{ task: { name: '', type: 'work' } }, 'task.name', 'is empty'],
    [{ task: { name: 'a', type: '${{ key }}' } }, 'task.type', 'takes no expression'],
    [{ task: { name: 'a', type: 'work', queue: '${{ key }}' } }, 'task.queue', 'takes no expression'],
    [{ task: { name: 'a', type: 'work', deadlineAfterMs: 0 } }, 'task.deadlineAfter', '1 ms or more'],
    [{ task: { name: 'a', type: 'work', input: { b: ['${{ 1 + }}'] } } }, 'task.input.b.0', '"1 +" is no expression'],
    [
      { task: { name: 'a', type: 'work', labels: { l: '${{ nobody }}' } } },
      'task.labels.l',
      '"nobody" is no expression',
    ],
    [{ workflow: { name: '' } }, 'workflow.name', 'is empty'],
    [{ workflow: { name: '${{ key }}' } }, 'workflow.name', 'takes no expression'],
    [{ workflow: { name: 'a', version: 0 } }, 'workflow.version', 'from 1'],
    [{ workflow: { name: 'a', input: 'x${{ item }}' } }, 'workflow.input', '"item" is no expression'],
    [{ workflow: { name: 'a', input: Array(51).fill('${{ key }}') } }, 'workflow', 'holds 51 expressions; 50 at most'],
  ])('%j', (fields, path, message) => {
    expect(check(fields)).toContainEqual([path, expect.stringContaining(message)])
  })
})

test('all problems come at once', () => {
  expect(check({ name: '', condition: '(', maxPerHour: -1, maxPerDay: -1, coolDownMs: -1 })).toHaveLength(5)
})

test.each([
  [{ key: 'order/17', keyPrefix: null }, 'order/17', true],
  [{ key: 'order/17', keyPrefix: null }, 'order/171', false],
  [{ key: null, keyPrefix: 'order/' }, 'order/17', true],
  [{ key: null, keyPrefix: 'order/' }, 'order/', true],
  [{ key: null, keyPrefix: 'order/' }, 'order', false],
])('%j takes %s: %s', (match, key, isTaken) => {
  expect(takesKey(match, key)).toBe(isTaken)
})

test('an input is the same for every event when no text of it holds an expression', () => {
  expect(isConstant({ a: ['b', 1, null] })).toBe(true)
  expect(isConstant({ a: ['${{ payload }}'] })).toBe(false)
  expect(isConstant(undefined)).toBe(false)
})
