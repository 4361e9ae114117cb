/** What the SDK uses of a WebSocket: that of browsers and of Node fits, and so does the one of the package ws. */
export interface WebSocketLike {
  readonly readyState: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
}

export type WebSocketClass = new (url: string, protocol: string) => WebSocketLike

/** `http://…` becomes `ws://…`, `https://…` becomes `wss://…`. */
export function socketUrlOf(url: string): string {
  return url.replace(/^http/, 'ws')
}
