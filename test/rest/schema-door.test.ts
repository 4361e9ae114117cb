import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { createSchemaDoor, SCHEMA_PATH } from '../../src/rest/schema-door.ts'

const server = createServer(createSchemaDoor()).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${SCHEMA_PATH}`
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('the schema is that of the package, for pages of any origin', async () => {
  const response = await fetch(url)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/schema+json; charset=utf-8')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await response.text()).toBe(readFileSync('workflow.schema.json', 'utf8'))
})

test('it is not sent again to who has it', async () => {
  const etag = (await fetch(url, { method: 'HEAD' })).headers.get('etag')!
  const again = await fetch(url, { headers: { 'if-none-match': etag } })
  expect([again.status, await again.text()]).toEqual([304, ''])
})

test.each(['POST', 'PUT', 'DELETE'])('%s is refused', async (method) => {
  const response = await fetch(url, { method })
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect(await response.json()).toMatchObject({ error: { code: 'METHOD_NOT_ALLOWED' } })
})
