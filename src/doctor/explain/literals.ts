const ALPHABET = 128;

/** Finds which of many ASCII literals occur in a text, in one pass over it (Aho and Corasick, 1975). */
export class LiteralFinder {
  /** Next state by state and character; a full automaton, failure links resolved. */
  private readonly next: Uint16Array;
  /** Literals that end in a state, by number. */
  private readonly ends: number[][];

  constructor(literals: readonly string[]) {
    const states = 1 + literals.reduce((sum, literal) => sum + literal.length, 0);
    this.next = new Uint16Array(states * ALPHABET);
    this.ends = [[]];
    literals.forEach((literal, number) => this.add(literal, number));
    this.link();
  }

  /** The numbers of the literals that occur; empty for most texts. */
  find(text: string): Set<number> {
    const { next, ends } = this;
    const found = new Set<number>();
    let state = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      state = code < ALPHABET ? (next[state * ALPHABET + code] ?? 0) : 0;
      const here = ends[state];
      if (here !== undefined && here.length > 0) for (const number of here) found.add(number);
    }
    return found;
  }

  private add(literal: string, number: number): void {
    let state = 0;
    for (const char of literal) {
      const edge = state * ALPHABET + char.charCodeAt(0);
      if (!this.next[edge]) {
        this.next[edge] = this.ends.length;
        this.ends.push([]);
      }
      state = this.next[edge] ?? 0;
    }
    this.ends[state]?.push(number);
  }

  /** Breadth first: a missing edge leads where the longest proper suffix would lead. */
  private link(): void {
    const suffix = new Uint16Array(this.ends.length);
    const queue: number[] = [];
    for (let code = 0; code < ALPHABET; code += 1) {
      const child = this.next[code] ?? 0;
      if (child !== 0) queue.push(child);
    }
    for (let head = 0; head < queue.length; head += 1) {
      const state = queue[head] ?? 0;
      const shorter = suffix[state] ?? 0;
      this.ends[state]?.push(...(this.ends[shorter] ?? []));
      for (let code = 0; code < ALPHABET; code += 1) {
        const child = this.next[state * ALPHABET + code] ?? 0;
        const other = this.next[shorter * ALPHABET + code] ?? 0;
        if (child === 0) this.next[state * ALPHABET + code] = other;
        else {
          suffix[child] = other;
          queue.push(child);
        }
      }
    }
  }
}
