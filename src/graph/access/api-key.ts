import { findKeyById, listKeys, type StoredKey } from '../../access/store.ts'
import { builder } from '../builder.ts'
import { RoleEnum } from './role.ts'

/** A key that lets somebody in. */
export const ApiKey = builder.objectRef<StoredKey>('ApiKey')

builder.node(ApiKey, {
  description: 'A key that lets a person or a program in. The key itself is shown once, when it is made.',
  id: { description: 'TypeID with the prefix `key`.', resolve: ({ id }) => id },
  loadWithoutCache: (id, context) => findKeyById(context.db, context.tenant, id),
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'prefix' in value && 'role' in value,
  authScopes: { role: 'ADMIN' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Who or what uses it.' }),
    prefix: t.exposeString('prefix', { description: 'Its first characters, to tell keys apart.' }),
    role: t.expose('role', { type: RoleEnum, description: 'What it lets its holder do.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Name of the principal that made it.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stops to work; null: never.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Its last use, to the minute; null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null while it works.',
    }),
  }),
})

builder.queryFields((t) => ({
  apiKeys: t.field({
    type: [ApiKey],
    description: 'All keys of the tenant, the latest first, at most 1,000; revoked and expired ones too.',
    authScopes: { role: 'ADMIN' },
    resolve: (_root, _args, { db, tenant }) => listKeys(db, tenant),
  }),
}))
