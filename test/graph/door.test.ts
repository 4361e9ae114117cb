import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTaskType } from '../support/tasks.ts'

let graph: TestGraph

beforeAll(async () => {
  graph = await startGraph({ allowedOrigins: ['https://ui.example.com'], hasGraphiQL: true })
  await addTaskType(graph.pool, 'custom')
})
afterAll(() => graph.stop())

const JSON_TYPE = { 'content-type': 'application/json' }
const VIEWER = JSON.stringify({ query: '{ viewer { name } }' })

async function post(body: string, headers: Record<string, string> = JSON_TYPE) {
  const response = await fetch(graph.url, { method: 'POST', headers, body })
  const text = await response.text()
  return {
    status: response.status,
    code: text.startsWith('{') ? JSON.parse(text).errors?.[0]?.extensions?.code : text,
    text,
  }
}

/** Sends what fetch would not: a Host of its own, a body that never ends. */
function raw(headers: Record<string, string>, body: (write: (chunk: Buffer) => void) => void) {
  return new Promise<{ status: number; text: string; sent: number }>((resolve, reject) => {
    let sent = 0
    const sending = httpRequest(graph.url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), sent }),
      )
    })
    sending.on('error', (error: NodeJS.ErrnoException) => {
      // The server has answered and closed while we were still sending.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error)
    })
    body((chunk) => {
      sent += chunk.length
      sending.write(chunk)
    })
    sending.end()
  })
}

describe('bodies', () => {
  test('of 5 MB are refused by what they say they hold', async () => {
    const answer = await post(JSON.stringify({ query: '{ viewer { name } }', variables: { x: 'x'.repeat(5 << 20) } }))
    expect(answer).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
  })

  test('that do not say how large they are are refused at the limit', async () => {
    const chunk = Buffer.alloc(256 * 1024, 'x')
    const answer = await raw({ ...JSON_TYPE, 'transfer-encoding': 'chunked' }, (write) => {
      for (let n = 0; n < 20; n++) write(chunk)
    })
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.text).errors[0].extensions.code).toBe('BODY_TOO_LARGE')
  })

  test('that are not JSON, or not of that type, are refused', async () => {
    expect(await post('{')).toMatchObject({ status: 400 })
    expect(await post('')).toMatchObject({ status: 400 })
    expect(await post('[]')).toMatchObject({ status: 400 })
    expect(await post(VIEWER, { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
    })
    expect(
      await post('query=%7Bviewer%7Bname%7D%7D', { 'content-type': 'application/x-www-form-urlencoded' }),
    ).toMatchObject({ status: 415 })
  })
})

describe('senders', () => {
  test('of other sites are refused, those that are allowed are not', async () => {
    expect(await post(VIEWER, { ...JSON_TYPE, origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    })
    expect(await post(VIEWER, { ...JSON_TYPE, origin: 'https://ui.example.com' })).toMatchObject({ status: 200 })
    expect(await post(VIEWER, { ...JSON_TYPE, origin: new URL(graph.url).origin })).toMatchObject({ status: 200 })
    const preflight = await fetch(graph.url, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('that come by a name made to point here are refused while the server is open', async () => {
    const answer = await raw({ ...JSON_TYPE, host: 'evil.example:4000' }, (write) => write(Buffer.from(VIEWER)))
    expect(answer.status).toBe(403)
  })
})

describe('documents', () => {
  const ask = (query: string) => graph.ask(query)
  const deep = (levels: number) => `{ tasks { nodes { ${'parent { '.repeat(levels)} id ${'} '.repeat(levels)} } } }`

  test.each([
    ['deep', deep(20)],
    [
      'deep by fragments',
      `${'fragment F on Task { parent { ...G } } fragment G on Task { '}${'parent { '.repeat(15)} id ${'} '.repeat(15)} } { tasks { nodes { ...F } } }`,
    ],
    ['full of aliases', `{ ${Array.from({ length: 61 }, (_, n) => `a${n}: health { status }`).join(' ')} }`],
    ['full of root fields', `{ ${Array.from({ length: 21 }, () => 'viewer { name }').join(' ')} }`],
    ['full of directives', `{ viewer { name ${'@include(if: true) '.repeat(61)} } }`],
    ['long', `{ ${'viewer { name } '.repeat(2000)} }`],
    [
      'a bomb of fragments',
      `${Array.from({ length: 20 }, (_, n) => `fragment F${n} on Task { ${n < 19 ? `...F${n + 1} a${n}: name ...F${n + 1}` : 'id'} }`).join(' ')} { tasks { nodes { ...F0 } } }`,
    ],
    [
      'wide by pages within pages',
      '{ tasks(first: 100) { nodes { children(first: 100) { nodes { children(first: 100) { nodes { id } } } } } } }',
    ],
  ])('that are %s are refused before anything is read', async (_what, query) => {
    const statements = await graph.statementsOf(async () => {
      const answer = await ask(query)
      expect(answer.errors?.[0]?.extensions.code).toBe('QUERY_TOO_LARGE')
    })
    expect(statements).toEqual([])
  })

  test('that spread a fragment within itself are refused', async () => {
    const { errors } = await ask('fragment F on Task { parent { ...F } } { tasks { nodes { ...F } } }')
    expect(errors?.[0]?.message).toMatch(/within itself/)
  })

  test('as large as clients send them pass', async () => {
    const { getIntrospectionQuery } = await import('graphql')
    expect((await ask(getIntrospectionQuery())).errors).toBeUndefined()
    expect((await ask(deep(10))).errors).toBeUndefined()
  })
})

describe('GET', () => {
  test('answers queries, refuses mutations, and shows GraphiQL to a browser', async () => {
    const get = (query: string, headers = {}) => fetch(`${graph.url}?query=${encodeURIComponent(query)}`, { headers })
    expect(await (await get('{ viewer { name role isAnonymous } }')).json()).toEqual({
      data: { viewer: { name: 'anonymous', role: 'ADMIN', isAnonymous: true } },
    })
    const mutation = await get('mutation { createApiKey(input: { name: "x", role: ADMIN }) { __typename } }')
    expect(mutation.status).toBe(405)
    const page = await fetch(graph.url, { headers: { accept: 'text/html' } })
    expect(page.headers.get('content-type')).toMatch('text/html')
    expect(page.headers.get('content-security-policy')).toBe("frame-ancestors 'none'")
    expect(await page.text()).not.toMatch(/(src|href)="?https:/)
  })
})

describe('errors', () => {
  test('that are bugs are hidden behind an id that stands in the log', async () => {
    const broken = await startGraph({ hasBugs: true })
    await broken.pool.query('ALTER TABLE task_type RENAME TO gone')
    const { errors, data } = await broken.ask('{ taskTypes { name } }')
    expect(data).toBeNull()
    expect(errors).toMatchObject([
      { path: ['taskTypes'], extensions: { code: 'INTERNAL', errorId: expect.any(String) } },
    ])
    expect(JSON.stringify(errors)).not.toMatch(/task_type|prisma/i)
    expect(String(broken.hidden[0])).toMatch(/task_type/)
    await broken.stop()
  })
})
