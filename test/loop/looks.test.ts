import { expect, test } from 'vitest'
import { createLooks } from '../../src/loop/looks.ts'

test('gives back what is due, once, and says what comes next', () => {
  const looks = createLooks()
  expect(looks.nextAtMs()).toBeNull()
  looks.set('t', 'a', 30)
  looks.set('t', 'b', 10)
  looks.set('u', 'a', 20)
  looks.set('t', 'a', 15)
  expect(looks.nextAtMs()).toBe(10)
  expect(looks.takeDue(15)).toMatchObject([
    { tenant: 't', key: 'a' },
    { tenant: 't', key: 'b' },
  ])
  expect(looks.takeDue(15)).toEqual([])
  expect(looks.nextAtMs()).toBe(20)
})

test('remembers no more than it may; what it knows it still brings up to date', () => {
  const looks = createLooks(2)
  for (const key of ['a', 'b', 'c']) looks.set('t', key, 10)
  looks.set('t', 'a', 5)
  expect(looks.takeDue(10).map(({ key }) => key)).toEqual(['a', 'b'])
})
