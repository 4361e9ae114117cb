import { isUuid } from '../task/type-id.ts'
import { badPage } from './page.ts'

/**
 * A place in an ordered list: the value it is sorted by and the id that breaks ties.
 *
 * It names values, not a row, so it stays good when the row is deleted or changes.
 */
export interface Keyset {
  /** Milliseconds since 1970; null where the id alone is the order. */
  readonly at: number | null
  /** uuid */
  readonly id: string
}

/** @param order what the list is sorted by; a cursor is good only in the order it was made for */
export function encodeKeyset(order: string, { at, id }: Keyset): string {
  return Buffer.from(JSON.stringify([order, at, id])).toString('base64url')
}

/** @throws GraphQLError BAD_USER_INPUT when the cursor was not made for this order */
export function decodeKeyset(order: string, cursor: string): Keyset {
  const parts = parseParts(cursor)
  const [madeFor, at, id] = parts ?? []
  const isWhole = typeof id === 'string' && isUuid(id) && (at === null || Number.isSafeInteger(at))
  if (!isWhole) throw badPage('The cursor is not one that this list gave out. Start again without it.')
  if (madeFor !== order)
    throw badPage(`The cursor was made for the order ${String(madeFor)}, not ${order}. Start again without it.`)
  return { at: at as number | null, id }
}

/** A cursor of a list that is sorted by one value that no two of its entries share. */
export function encodePlace(order: string, place: string | number): string {
  return Buffer.from(JSON.stringify([order, place])).toString('base64url')
}

/** @throws GraphQLError BAD_USER_INPUT when the cursor was not made for this order */
export function decodePlace<Place extends 'string' | 'number'>(
  order: string,
  type: Place,
  cursor: string,
): Place extends 'string' ? string : number {
  const [madeFor, place] = parseParts(cursor) ?? []
  if (madeFor !== order || typeof place !== type)
    throw badPage('The cursor is not one that this list gave out. Start again without it.')
  return place as never
}

function parseParts(cursor: string): unknown[] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parts) ? parts : null
  } catch {
    return null
  }
}
