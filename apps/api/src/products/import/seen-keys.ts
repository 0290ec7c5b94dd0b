import { createHash, randomBytes } from 'node:crypto';

const EMPTY = -1;

/**
 * Which SKUs or slugs a file has named, and on which line, in 24 to 48 bytes each whatever their length. They are told apart by 52 bits
 * of a keyed hash: among a million, two are taken for one with a probability of 1 in 9,000.
 */
export class SeenKeys {
  private keys = new Float64Array(1024).fill(EMPTY);
  private lines = new Uint32Array(1024);
  private count = 0;
  private readonly secret = randomBytes(16);

  /** The line that named it before; undefined, and from now on this one, when none did. */
  claim(name: string, line: number): number | undefined {
    if (this.count * 2 >= this.keys.length) this.grow();
    const key = this.keyOf(name);
    const slot = this.slotOf(key);
    if (this.keys[slot] === key) return this.lines[slot];
    this.keys[slot] = key;
    this.lines[slot] = line;
    this.count += 1;
    return undefined;
  }

  private keyOf(name: string): number {
    const hash = createHash('md5').update(this.secret).update(name).digest();
    return hash.readUIntBE(0, 6) * 16 + (hash.readUInt8(6) & 15);
  }

  private slotOf(key: number): number {
    let slot = key % this.keys.length;
    while (this.keys[slot] !== EMPTY && this.keys[slot] !== key) slot = (slot + 1) % this.keys.length;
    return slot;
  }

  private grow(): void {
    const { keys, lines } = this;
    this.keys = new Float64Array(keys.length * 2).fill(EMPTY);
    this.lines = new Uint32Array(keys.length * 2);
    keys.forEach((key, old) => {
      if (key === EMPTY) return;
      const slot = this.slotOf(key);
      this.keys[slot] = key;
      this.lines[slot] = lines[old] ?? 0;
    });
  }
}
