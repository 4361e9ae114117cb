/** A set of small whole numbers: those of steps. Sets of one size go together. */
export class BitSet {
  readonly #words: Uint32Array

  /** @param size numbers from 0 to below this may be in it */
  constructor(size: number, words = new Uint32Array(Math.ceil(size / 32))) {
    this.#words = words
  }

  has(number: number): boolean {
    return (this.#words[number >>> 5]! & (1 << (number & 31))) !== 0
  }

  add(number: number): this {
    this.#words[number >>> 5]! |= 1 << (number & 31)
    return this
  }

  addAll(other: BitSet): this {
    for (const [at, word] of other.#words.entries()) this.#words[at]! |= word
    return this
  }

  keepOnly(other: BitSet): this {
    for (const [at, word] of other.#words.entries()) this.#words[at]! &= word
    return this
  }

  copy(): BitSet {
    return new BitSet(0, this.#words.slice())
  }
}
