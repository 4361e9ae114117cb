import type { Principal } from '../../access/principal.ts'
import { builder } from '../builder.ts'
import { RoleEnum } from './role.ts'

const PrincipalType = builder.objectRef<Principal>('Principal').implement({
  description: 'Who is asking.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the key, or `anonymous` on an open server.' }),
    role: t.expose('role', { type: RoleEnum, description: 'What it may do.' }),
    tenant: t.exposeString('tenant', { description: 'The tenant whose tasks it sees.' }),
    isAnonymous: t.boolean({
      description: 'Whether no key was shown: the server is open to its own machine.',
      resolve: ({ keyId }) => keyId === null,
    }),
  }),
})

builder.queryFields((t) => ({
  viewer: t.field({
    type: PrincipalType,
    description: 'Who is asking.',
    authScopes: { known: true },
    resolve: (_root, _args, { principal }) => {
      if (principal === null) throw new Error('The rule of this field lets nobody through unrecognised')
      return principal
    },
  }),
}))
