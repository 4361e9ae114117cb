import { lookup as lookUp } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/**
 * Addresses that are no public host's: of this machine, of private networks, of the link (where clouds keep the credentials of a machine),
 * of multicast, and those by which IPv6 carries IPv4 on, so that none can be reached in disguise.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const INTERNAL = internalAddresses()

function internalAddresses(): BlockList {
  const list = new BlockList()
  const v4 = [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const
  const v6 = [
    ['::', 96],
    ['::ffff:0:0:0', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
    ['5f00::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
    ['fec0::', 10],
    ['ff00::', 8],
  ] as const
  for (const [address, bits] of v4) list.addSubnet(address, bits, 'ipv4')
  for (const [address, bits] of v6) list.addSubnet(address, bits, 'ipv6')
  return list
}

/** Whether an address, of either family, is not a public host's. An IPv4 address in IPv6 form counts as what it stands for. */
export function isInternalAddress(address: string): boolean {
  const family = isIP(address.split('%')[0]!)
  return family === 0 || INTERNAL.check(address.split('%')[0]!, family === 6 ? 'ipv6' : 'ipv4')
}

/** What is thrown instead of connecting. */
export class AddressForbidden extends Error {
  override readonly name = 'AddressForbidden'
  readonly host: string
  readonly addresses: readonly string[]

  constructor(host: string, addresses: readonly string[]) {
    super(`${host} is at ${addresses.join(', ')}`)
    this.host = host
    this.addresses = addresses
  }
}

/** Keeps requests from reaching what only this machine or its network can reach. */
export interface AddressGuard {
  /**
   * @param hostname of a URL
   * @throws AddressForbidden when it is an internal address, written as one
   */
  check(hostname: string): void
  /** For connections: finds the addresses of a name and gives only those that may be reached, so that what was checked is what is connected to. */
  readonly lookup: LookupFunction
}

/** As `lookup` of node:dns answers with `all`. */
export type ResolveName = (
  hostname: string,
  options: { readonly all: true; readonly family?: number | 'IPv4' | 'IPv6' | undefined },
  answer: (
    error: NodeJS.ErrnoException | null,
    addresses: readonly { readonly address: string; readonly family: number }[],
  ) => void,
) => void

/**
 * @param options.allowedHosts names and addresses that may be reached wherever they are
 * @param options.resolve how names are looked up; default: as the machine does
 */
export function createAddressGuard({
  allowedHosts = [],
  resolve = lookUp as ResolveName,
}: {
  readonly allowedHosts?: readonly string[]
  readonly resolve?: ResolveName
} = {}): AddressGuard {
  const allowed = new Set(allowedHosts.map(plainHost))
  return {
    check(hostname) {
      const host = plainHost(hostname)
      if (isIP(host) !== 0 && isInternalAddress(host) && !allowed.has(host))
        throw new AddressForbidden(hostname, [host])
    },
    lookup(hostname, { all = false, family }, answer) {
      resolve(hostname, { all: true, family }, (error, found) => {
        if (error !== null) return answer(error, '', 0)
        const reachable = allowed.has(plainHost(hostname))
          ? [...found]
          : found.filter(({ address }) => !isInternalAddress(address))
        const [first] = reachable
        if (first === undefined) {
          return answer(
            new AddressForbidden(
              hostname,
              found.map(({ address }) => address),
            ),
            '',
            0,
          )
        }
        if (all) answer(null, reachable)
        else answer(null, first.address, first.family)
      })
    },
  }
}

/** Without the brackets of IPv6 and the dot of the root. */
function plainHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}
