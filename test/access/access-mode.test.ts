import { expect, test } from 'vitest'
import { decideAccessMode, isLoopback } from '../../src/access/access-mode.ts'

test.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]', '::ffff:127.0.0.1', 'api.localhost'])(
  '%s is this machine',
  (host) => {
    expect(isLoopback(host)).toBe(true)
  },
)

test.each(['0.0.0.0', '::', '10.0.0.1', 'example.com', 'localhost.example.com', '127.0.0.1.example.com', ''])(
  '%s is not only this machine',
  (host) => {
    expect(isLoopback(host)).toBe(false)
  },
)

test('a server without keys is open to its own machine and does not start for others', () => {
  expect(decideAccessMode({ host: '127.0.0.1', hasKeys: false })).toMatchObject({
    kind: 'open',
    message: expect.stringContaining('ADMIN'),
  })
  expect(decideAccessMode({ host: '0.0.0.0', hasKeys: false })).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('task-mgmt key create'),
  })
})

test('a server with keys asks for them wherever it listens', () => {
  for (const host of ['127.0.0.1', '0.0.0.0'])
    expect(decideAccessMode({ host, hasKeys: true })).toEqual({ kind: 'keys' })
})
