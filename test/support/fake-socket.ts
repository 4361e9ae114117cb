import type { WebSocketLike } from '../../src/sdk/socket/web-socket.ts'

/** A WebSocket whose other end is the test. */
export class FakeSocket implements WebSocketLike {
  /** All that were opened, in order. */
  static opened: FakeSocket[] = []
  readyState = 0
  readonly sent: { readonly type: string; readonly id?: string; readonly payload?: Record<string, unknown> }[] = []
  closedWith: number | null = null
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null

  constructor() {
    FakeSocket.opened.push(this)
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(code = 1005): void {
    this.closedWith = code
    this.readyState = 3
  }

  /** The server takes the connection and acknowledges it. */
  accept(): void {
    this.readyState = 1
    this.onopen?.({} as never)
    this.say({ type: 'connection_ack' })
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as never)
  }

  /** The server closes. */
  end(code: number, reason = ''): void {
    this.readyState = 3
    this.onclose?.({ code, reason } as never)
  }
}
