import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTask, addTaskType } from '../support/tasks.ts'

let graph: TestGraph
const keys: Record<string, string> = {}

beforeAll(async () => {
  graph = await startGraph({ mode: 'keys' })
  await addTaskType(graph.pool, 'custom')
  for (const role of ['ADMIN', 'OPERATOR', 'DEVELOPER', 'WORKER', 'VIEWER'] as const) keys[role] = await graph.key(role)
})
afterAll(() => graph.stop())

describe('an open server', () => {
  test('closes for those without a key soon after the first key is made, and stays closed', async () => {
    const open = await startGraph({ mode: 'open' })
    try {
      expect((await open.ask(VIEWER)).data.viewer).toMatchObject({ role: 'ADMIN', isAnonymous: true })
      const key = await open.key('VIEWER')
      await expect.poll(async () => (await open.ask(VIEWER)).status, { timeout: 5_000 }).toBe(401)
      expect((await open.ask(VIEWER, {}, key)).data.viewer).toMatchObject({ role: 'VIEWER' })
      await open.pool.query('UPDATE api_key SET revoked_at = now()')
      expect((await open.ask(VIEWER)).status).toBe(401)
    } finally {
      await open.stop()
    }
  })
})

const VIEWER = '{ viewer { name role tenant isAnonymous } }'

describe('a key', () => {
  test('lets its holder in as what it says, by either header', async () => {
    expect((await graph.ask(VIEWER, {}, keys.DEVELOPER)).data.viewer).toEqual({
      name: 'a DEVELOPER',
      role: 'DEVELOPER',
      tenant: 'default',
      isAnonymous: false,
    })
    const response = await fetch(graph.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': keys.VIEWER! },
      body: JSON.stringify({ query: VIEWER }),
    })
    expect((await response.json()) as object).toMatchObject({ data: { viewer: { role: 'VIEWER' } } })
  })

  test('that is missing, unknown, malformed, revoked or expired lets nobody in', async () => {
    const expired = await graph.key('ADMIN', { expiresAt: new Date(Date.now() - 1000) })
    const revoked = await graph.key('ADMIN')
    await graph.pool.query('UPDATE api_key SET revoked_at = now() WHERE prefix = $1', [revoked.slice(0, 12)])
    for (const key of [undefined, 'x', `tmk_${'a'.repeat(43)}`, expired, revoked, "' OR 1=1 --"]) {
      const answer = await graph.ask(VIEWER, {}, key)
      expect(answer).toMatchObject({
        status: 401,
        data: undefined,
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      })
    }
  })

  test('notes its last use, without a write at each request', async () => {
    const key = await graph.key('VIEWER')
    await graph.ask(VIEWER, {}, key)
    await expect
      .poll(
        async () =>
          (await graph.pool.query('SELECT last_used_at FROM api_key WHERE prefix = $1', [key.slice(0, 12)])).rows[0]
            .last_used_at,
      )
      .toBeInstanceOf(Date)
    const statements = await graph.statementsOf(() => graph.ask(VIEWER, {}, key))
    expect(statements).toHaveLength(1)
  })
})

describe('roles', () => {
  const CREATE = 'mutation { createTask(input: { name: "x", type: "custom" }) { __typename } }'
  const pause = `mutation { pauseTask(input: { id: "${encodeTypeId('task', newUuid())}" }) { __typename } }`

  test.each([
    ['VIEWER', '{ tasks { nodes { id } } }', null],
    ['VIEWER', CREATE, 'DEVELOPER'],
    ['VIEWER', '{ apiKeys { id } }', 'ADMIN'],
    ['WORKER', '{ tasks { nodes { id } } }', 'VIEWER'],
    ['WORKER', CREATE, 'DEVELOPER'],
    ['WORKER', '{ viewer { role } health { status } }', null],
    ['DEVELOPER', CREATE, null],
    ['DEVELOPER', pause, 'OPERATOR'],
    ['OPERATOR', pause, null],
    ['OPERATOR', 'mutation { createApiKey(input: { name: "x", role: ADMIN }) { __typename } }', 'ADMIN'],
    ['ADMIN', pause, null],
    ['ADMIN', '{ apiKeys { id } }', null],
  ])('%s asks %s: needs %s', async (role, query, needed) => {
    const { errors } = await graph.ask(query, {}, keys[role])
    if (needed === null) expect(errors).toBeUndefined()
    else
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining(needed),
        extensions: { code: 'FORBIDDEN', needed },
      })
  })

  test('decide who may read the graph itself', async () => {
    const ask = (role: string) => graph.ask('{ __schema { types { name } } }', {}, keys[role])
    expect((await ask('VIEWER')).errors).toBeUndefined()
    expect((await ask('WORKER')).errors?.[0]?.message).toMatch(/introspection/)
    expect((await ask('VIEWER')).errors).toBeUndefined()
  })
})

describe('API keys in the graph', () => {
  const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename
    ... on CreateApiKeySuccess { secret apiKey { id name prefix role createdBy revokedAt } } ... on ValidationError { path message } } }`

  test('are made, shown once, used, listed and revoked', async () => {
    const made = (await graph.ask(CREATE, { input: { name: ' ci ', role: 'VIEWER' } }, keys.ADMIN)).data.createApiKey
    expect(made).toMatchObject({ apiKey: { name: 'ci', role: 'VIEWER', createdBy: 'a ADMIN', revokedAt: null } })
    expect(made.secret.startsWith(made.apiKey.prefix)).toBe(true)
    expect((await graph.ask(VIEWER, {}, made.secret)).data.viewer.name).toBe('ci')

    const listed = await graph.ask('{ apiKeys { id lastUsedAt } }', {}, keys.ADMIN)
    expect(listed.data.apiKeys.map((key: { id: string }) => key.id)).toContain(made.apiKey.id)
    const { rows } = await graph.pool.query('SELECT * FROM api_key')
    expect(JSON.stringify(rows)).not.toContain(made.secret)

    const revoke = `mutation { revokeApiKey(input: { id: "${made.apiKey.id}" }) { ... on RevokeApiKeySuccess { apiKey { revokedAt } } } }`
    expect((await graph.ask(revoke, {}, keys.ADMIN)).data.revokeApiKey.apiKey.revokedAt).toBeTruthy()
    expect((await graph.ask(VIEWER, {}, made.secret)).status).toBe(401)
  })

  test('are refused with a name that is empty, a past end, an unknown role or id', async () => {
    const past = { name: 'x', role: 'VIEWER', expiresAt: '2001-01-01T00:00:00Z' }
    expect((await graph.ask(CREATE, { input: past }, keys.ADMIN)).data.createApiKey).toMatchObject({
      __typename: 'ValidationError',
      path: ['input', 'expiresAt'],
    })
    expect(
      (await graph.ask(CREATE, { input: { name: ' ', role: 'VIEWER' } }, keys.ADMIN)).data.createApiKey,
    ).toMatchObject({ path: ['input', 'name'] })
    expect((await graph.ask(CREATE, { input: { name: 'x', role: 'KING' } }, keys.ADMIN)).errors?.[0]?.message).toMatch(
      /Role/,
    )
    const revoke = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }'
    expect(
      (await graph.ask(revoke, { id: encodeTypeId('key', newUuid()) }, keys.ADMIN)).data.revokeApiKey.__typename,
    ).toBe('NotFoundError')
    expect((await graph.ask(revoke, { id: 'x' }, keys.ADMIN)).data.revokeApiKey.__typename).toBe('ValidationError')
  })

  test('cannot be read by id without being ADMIN', async () => {
    const made = (await graph.ask(CREATE, { input: { name: 'k', role: 'VIEWER' } }, keys.ADMIN)).data.createApiKey
    const node = `{ node(id: "${made.apiKey.id}") { __typename id ... on ApiKey { name } } }`
    expect((await graph.ask(node, {}, keys.ADMIN)).data.node.name).toBe('k')
    expect((await graph.ask(node, {}, keys.VIEWER)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

describe('tenants', () => {
  test('see nothing of each other', async () => {
    const key = await graph.key('ADMIN', { tenant: 'other' })
    const task = encodeTypeId('task', await addTask(graph.pool))
    const { data } = await graph.ask(
      `{ task(id: "${task}") { id } node(id: "${task}") { id } tasks { nodes { id } totalCount } taskTypes { name } workers { id } apiKeys { name } }`,
      {},
      key,
    )
    expect(data).toEqual({
      task: null,
      node: null,
      tasks: { nodes: [], totalCount: 0 },
      taskTypes: [],
      workers: [],
      apiKeys: [{ name: 'a ADMIN' }],
    })
    const cancel = await graph.ask(`mutation { cancelTask(input: { id: "${task}" }) { __typename } }`, {}, key)
    expect(cancel.data.cancelTask.__typename).toBe('NotFoundError')
  })
})

describe('sockets', () => {
  const connect = (payload: object | undefined, headers: Record<string, string> = {}) =>
    createClient({
      url: graph.url.replace('http', 'ws'),
      retryAttempts: 0,
      connectionParams: payload as Record<string, unknown>,
      webSocketImpl: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers })
        }
      },
    })

  async function ask(payload: object | undefined, query: string, headers?: Record<string, string>) {
    const client = connect(payload, headers)
    try {
      for await (const result of client.iterate({ query })) return result
    } finally {
      await client.dispose()
    }
    return undefined
  }

  test('take the key in connection_init or in a header', async () => {
    expect(await ask({ apiKey: keys.VIEWER }, VIEWER)).toMatchObject({ data: { viewer: { role: 'VIEWER' } } })
    expect(await ask(undefined, VIEWER, { authorization: `Bearer ${keys.OPERATOR}` })).toMatchObject({
      data: { viewer: { role: 'OPERATOR' } },
    })
  })

  test('without a good key are closed with 4401, which clients do not retry', async () => {
    for (const payload of [undefined, { apiKey: 'x' }, { apiKey: 7 }]) {
      await expect(ask(payload, VIEWER)).rejects.toMatchObject({ code: 4401 })
    }
  })

  test('of other sites are refused', async () => {
    await expect(ask({ apiKey: keys.VIEWER }, VIEWER, { origin: 'https://evil.example' })).rejects.toBeDefined()
  })

  test('have the same roles and limits as HTTP', async () => {
    expect(await ask({ apiKey: keys.VIEWER }, '{ apiKeys { id } }')).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    })
    const long = `{ ${'viewer { name } '.repeat(2000)} }`
    await expect(ask({ apiKey: keys.VIEWER }, long)).rejects.toMatchObject([
      { extensions: { code: 'QUERY_TOO_LARGE' } },
    ])
    const deep = `{ tasks { nodes { ${'parent { '.repeat(20)} id ${'} '.repeat(20)} } } }`
    await expect(ask({ apiKey: keys.VIEWER }, deep)).rejects.toMatchObject([
      { extensions: { code: 'QUERY_TOO_LARGE' } },
    ])
    const wide =
      '{ tasks(first: 100) { nodes { children(first: 100) { nodes { children(first: 100) { nodes { id } } } } } } }'
    expect(await ask({ apiKey: keys.VIEWER }, wide)).toMatchObject({
      errors: [{ extensions: { code: 'QUERY_TOO_LARGE' } }],
    })
    await expect(ask({ apiKey: keys.WORKER }, '{ __schema { types { name } } }')).rejects.toBeDefined()
    await expect(ask({ apiKey: keys.VIEWER }, 'query { viewer { name }')).rejects.toMatchObject([
      { message: /Syntax Error/ },
    ])
  })

  test('are closed when a message is too large', async () => {
    const query = `{ viewer { name } } # ${'x'.repeat(3 << 20)}`
    await expect(ask({ apiKey: keys.VIEWER }, query)).rejects.toMatchObject({ code: 1009 })
  })
})
