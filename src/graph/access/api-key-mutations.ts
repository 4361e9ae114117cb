import { z } from 'zod'
import { revokeKey, type StoredKey } from '../../access/store.ts'
import { createApiKey } from '../../engine/create-api-key.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { NotFound } from '../user-failure.ts'
import { ApiKey } from './api-key.ts'
import { RoleEnum } from './role.ts'

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A key to make.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Who or what will use it, 1 to 200 characters.',
      validate: z
        .string()
        .trim()
        .min(1, 'is empty: say who will use the key')
        .max(200, 'is longer than 200 characters'),
    }),
    role: t.field({ type: RoleEnum, required: true, description: 'What it lets its holder do.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it stops to work, in the future; absent: never.',
      validate: z.date().refine((date) => date > new Date(), 'is in the past: give a time to come, or leave it out'),
    }),
  }),
})

const CreateApiKeySuccess = builder.objectRef<{ apiKey: StoredKey; secret: string }>('CreateApiKeySuccess').implement({
  description: 'The key was made.',
  fields: (t) => ({
    apiKey: t.expose('apiKey', { type: ApiKey, description: 'What is known of it from now on.' }),
    secret: t.exposeString('secret', { description: 'The key itself. It is shown this once: keep it well.' }),
  }),
})

const RevokeApiKeyInput = builder.inputType('RevokeApiKeyInput', {
  description: 'A key to revoke.',
  fields: (t) => ({ id: t.id({ required: true, description: 'TypeID of the key.' }) }),
})

const RevokeApiKeySuccess = builder.objectRef<{ apiKey: StoredKey }>('RevokeApiKeySuccess').implement({
  description: 'The key lets nobody in any more.',
  fields: (t) => ({ apiKey: t.expose('apiKey', { type: ApiKey, description: 'The key, revoked.' }) }),
})

builder.mutationFields((t) => ({
  createApiKey: t.errorUnionField({
    types: [CreateApiKeySuccess, InvalidInput],
    union: {
      name: 'CreateApiKeyResult',
      description: 'What came of making a key.',
      resolveType: () => 'CreateApiKeySuccess',
    },
    description: 'Makes a key. The answer shows it, this once.',
    authScopes: { role: 'ADMIN' },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'The key to make.' }) },
    resolve: (_root, { input }, { db, tenant, principal }) =>
      createApiKey(db, {
        tenant,
        name: input.name,
        role: input.role,
        createdBy: principal?.name ?? null,
        expiresAt: input.expiresAt ?? null,
      }),
  }),
  revokeApiKey: t.errorUnionField({
    types: [RevokeApiKeySuccess, InvalidInput, NotFound],
    union: {
      name: 'RevokeApiKeyResult',
      description: 'What came of revoking a key.',
      resolveType: () => 'RevokeApiKeySuccess',
    },
    description: 'Revokes a key at once and for good. Revoking it again changes nothing.',
    authScopes: { role: 'ADMIN' },
    args: { input: t.arg({ type: RevokeApiKeyInput, required: true, description: 'The key to revoke.' }) },
    resolve: async (_root, { input }, { db, tenant }) => {
      const apiKey = await revokeKey(db, tenant, uuidOfField(ID_PREFIXES.apiKey, input.id, ['input', 'id']))
      if (apiKey === null) throw new NotFound('API key', input.id, ['input', 'id'])
      return { apiKey }
    },
  }),
}))
