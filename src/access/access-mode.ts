/** Who gets in: everybody as ADMIN, or only holders of a key. */
export type AccessMode =
  | { readonly kind: 'open'; readonly message: string }
  | { readonly kind: 'keys' }
  | { readonly kind: 'refused'; readonly message: string }

/**
 * Decides at the start who may use the server.
 *
 * Without any key it is open when only this machine can reach it, and does not start when others can.
 *
 * @param host the address the server listens on
 * @param hasKeys whether a key exists that is neither revoked nor expired
 */
export function decideAccessMode({ host, hasKeys }: { host: string; hasKeys: boolean }): AccessMode {
  if (hasKeys) return { kind: 'keys' }
  if (isLoopback(host)) {
    return {
      kind: 'open',
      message:
        'No API key exists, so everybody on this machine is ADMIN. To close it: npx task-mgmt key create --name me --role ADMIN',
    }
  }
  return {
    kind: 'refused',
    message:
      `Refusing to listen on ${host} without any API key: whoever reaches it would be ADMIN. ` +
      'Make a key first with: task-mgmt key create --name me --role ADMIN (or listen on 127.0.0.1).',
  }
}

/** Whether an address or host name, with or without brackets, is this machine's own. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return (
    bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(bare)
  )
}
