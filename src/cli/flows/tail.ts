/** What a failure says stands near its end. */
const KEPT = 1 << 18;
/** Keeps the end of a stream, in bounded memory. */
export class Tail {
  private chunks: Buffer[] = [];
  private size = 0;

  add(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size < 2 * KEPT) return;
    const kept = Buffer.concat(this.chunks).subarray(-KEPT);
    this.chunks = [Buffer.from(kept)];
    this.size = kept.length;
  }

  text(): string {
    return Buffer.concat(this.chunks).subarray(-KEPT).toString();
  }
}
