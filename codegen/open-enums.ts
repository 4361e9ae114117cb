import type { PluginFunction, Types } from '@graphql-codegen/plugin-helpers'
import { plugin as typescriptOperations } from '@graphql-codegen/typescript-operations'
import { isEnumType } from 'graphql'

/** What an answer is made of: fragments and the results of operations. Inputs and variables are not. */
const ANSWER_TYPE = /^export type \w+(?:Fragment|Query|Mutation|Subscription) =.*?(?=^export type |\n*$(?![\s\S]))/gms

/**
 * The plugin typescript-operations, with enums that are closed where you send them and open where you receive them.
 *
 * A server newer than the client may answer with a value that the client has not heard of: the type says so, and the compiler
 * asks for a default. What the client sends, on the other hand, is checked against the list.
 */
export const plugin: PluginFunction<object, Types.ComplexPluginOutput> = async (schema, documents, config, info) => {
  const output = await typescriptOperations(schema, documents, config, info)
  const names = Object.values(schema.getTypeMap())
    .filter((type) => isEnumType(type) && !type.name.startsWith('__'))
    .map(({ name }) => name)
  const reference = new RegExp(`(?<=: (?:ReadonlyArray<)?)(${names.join('|')})\\b`, 'g')
  const content = typeof output === 'string' ? output : output.content
  const prepend = typeof output === 'string' ? [] : (output.prepend ?? [])
  return {
    prepend: [
      ...prepend,
      '/** A value of an enum as this version knows it, or one that a newer server has. */\nexport type Open<Known extends string> = Known | (string & {})\n',
    ],
    content: content.replace(ANSWER_TYPE, (text) => text.replace(reference, 'Open<$1>')),
  }
}
