import type { PrismaClient } from '../infra/generated/prisma/client.ts'

/**
 * What carries the Prisma client through the context without its type.
 *
 * Pothos multiplies every field by the type of the context; with the client's own type in it a check of the graph takes many
 * times as long.
 */
export interface PrismaCarrier {
  readonly prisma: object
}

/** The client in a context. */
export function prismaOf(carrier: PrismaCarrier): PrismaClient {
  return carrier.prisma as PrismaClient
}
