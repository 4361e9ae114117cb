import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { GraphContext } from './context.ts'

type Load<Wanted, Value> = (context: GraphContext, info: GraphQLResolveInfo, wanted: Wanted) => Promise<Value>

/**
 * A loader for fields of rows that Prisma has read, and so for rows within rows.
 *
 * One statement reads for all rows of a list, planned for the first; that the others have what the fields below need, each has to say of
 * itself. Unsaid, Pothos reads them again.
 */
export function nested<Wanted, Value>(load: Load<Wanted, Value>): Load<Wanted, Value> {
  return (context, info, wanted) => {
    void queryFromInfo({ context, info })
    return load(context, info, wanted)
  }
}
