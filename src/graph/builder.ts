import SchemaBuilder from '@pothos/core'
import DataloaderPlugin from '@pothos/plugin-dataloader'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import ValidationPlugin from '@pothos/plugin-validation'
import { z } from 'zod'
import { isRoleEnough, type Role } from '../access/role.ts'
import type PrismaTypes from '../infra/generated/pothos.ts'
import { getDatamodel } from '../infra/generated/pothos.ts'
import type { JsonValue } from '../task/json.ts'
import type { GraphContext } from './context.ts'
import { InvalidInput } from './invalid-input.ts'
import { decodeNodeId, encodeNodeId } from './node-id.ts'
import { prismaOf } from './prisma-of.ts'
import { forbidden } from './request-error.ts'

interface GraphTypes {
  Context: GraphContext
  PrismaTypes: PrismaTypes
  DefaultFieldNullability: false
  DefaultEdgesNullability: false
  DefaultNodeNullability: false
  AuthScopes: {
    /** The principal has this role or one that includes it. */
    role: Role
    /** Anybody who was recognised. */
    known: boolean
  }
  Scalars: {
    DateTime: { Input: Date; Output: Date }
    Duration: { Input: number; Output: number }
    JSON: { Input: JsonValue; Output: JsonValue }
    Cursor: { Input: string; Output: string }
    ID: { Input: string; Output: string }
  }
}

/** What every file of the graph adds its types and fields to. */
export const builder = new SchemaBuilder<GraphTypes>({
  plugins: [
    // First, so that it sees what the plugins after it throw.
    ErrorsPlugin,
    ScopeAuthPlugin,
    RelayPlugin,
    PrismaPlugin,
    DataloaderPlugin,
    ValidationPlugin,
  ],
  defaultFieldNullability: false,
  // The checks of inputs say only what the schema's descriptions say as well, so their answer may come before the role's.
  errors: { defaultTypes: [], unsafelyHandleInputErrors: true },
  validation: { validationError: ({ issues }) => new InvalidInput(issues.map(issueOf)) },
  scopeAuth: {
    authScopes: (context) => ({
      role: (needed) => context.principal !== null && isRoleEnough(context.principal.role, needed),
      known: context.principal !== null,
    }),
    authorizeOnSubscribe: true,
    unauthorizedError: (_parent, context, _info, { failure }) => forbidden(context.principal, failure),
  },
  prisma: {
    client: (context) => prismaOf(context),
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    filterConnectionTotalCount: true,
  },
  relay: {
    cursorType: 'String',
    encodeGlobalID: encodeNodeId,
    decodeGlobalID: decodeNodeId,
    nodeTypeOptions: { description: 'An object with an id of its own, to be found again with `node`.' },
    nodeQueryOptions: {
      description: 'The object with this id; null when there is none in your tenant.',
      authScopes: { role: 'VIEWER' },
      args: { id: { description: 'TypeID of any type of node.' } },
    },
    nodesQueryOptions: {
      description: 'The objects with these ids, in this order, at most 100; null where there is none in your tenant.',
      authScopes: { role: 'VIEWER' },
      args: { ids: { description: 'TypeIDs of any types of nodes.', validate: z.array(z.unknown()).max(100) } },
    },
    idFieldOptions: { description: 'A TypeID: a prefix that names the type, and a UUIDv7 in base 32.' },
    pageInfoTypeOptions: { description: 'Where a page stands in its list, after the Relay specification.' },
    hasNextPageFieldOptions: { description: 'Whether more follows; `after: endCursor` asks for it.' },
    hasPreviousPageFieldOptions: {
      description:
        'Whether more stands before; `before: startCursor` asks for it. With `after` given it is taken to be so.',
    },
    startCursorFieldOptions: { description: 'Cursor of the first edge of this page; null when the page is empty.' },
    endCursorFieldOptions: { description: 'Cursor of the last edge of this page; null when the page is empty.' },
    pageInfoFieldOptions: { description: 'Where this page stands in the list.' },
    edgesFieldOptions: { description: 'The entries of this page, in order, each with its cursor.' },
    nodesOnConnection: { description: 'The entries of this page, in order, without their cursors.' },
    nodeFieldOptions: { description: 'The entry itself.' },
    cursorFieldOptions: { description: 'Position of this entry in this order; still good when the entry is gone.' },
    firstArgOptions: {
      description: 'Page size from the start, 1 to 100; 20 when neither `first` nor `last` is given.',
    },
    lastArgOptions: { description: 'Page size from the end, 1 to 100. Not together with `first`.' },
    afterArgOptions: { description: 'Cursor of the entry that the page follows.' },
    beforeArgOptions: { description: 'Cursor of the entry that the page precedes.' },
  },
})

builder.queryType({ description: 'What can be read. Lists hold only what belongs to the tenant of the caller.' })
builder.mutationType({
  description: 'What can be changed: one verb each. Results are unions of what was done and of why it was refused.',
})
builder.subscriptionType({ description: 'What can be watched, over graphql-transport-ws or server-sent events.' })

function issueOf(issue: { readonly message: string; readonly path?: readonly (PropertyKey | { key: PropertyKey })[] }) {
  const path = (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step))
  return { path: path.map((step) => (typeof step === 'symbol' ? String(step) : step)), message: issue.message }
}
