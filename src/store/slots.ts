/** A fixed number of connections; those who wait longest for the largest work come first. Tells when one is idle. */
export class Slots {
  #free: number;
  readonly #waiting: { weight: number; go: () => void }[] = [];
  /** Called when a slot is free and nobody waits for it. */
  onIdle: () => void = () => {};

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a slot; of those who wait, the greatest weight goes first. */
  async take(weight = 0): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((go) => {
      const before = this.#waiting.findIndex((other) => other.weight < weight);
      this.#waiting.splice(before < 0 ? this.#waiting.length : before, 0, { weight, go });
    });
  }

  /** Takes a slot only if one is free now. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next.go();
    else {
      this.#free += 1;
      this.onIdle();
    }
  }
}
