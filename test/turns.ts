/** Lets one actor go on at a time, once all of them wait, so that a seed gives the same history every time. */
export class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #draw: () => number;

  constructor(draw: () => number) {
    this.#draw = draw;
  }

  /** Ends when all of them have ended; none begins before all are there. */
  async all(actors: readonly (() => Promise<void>)[]): Promise<void> {
    this.#running++;
    const ended = actors.map((actor) => this.#start(actor));
    this.#running--;
    this.#next();
    await Promise.all(ended);
  }

  async #start(actor: () => Promise<void>): Promise<void> {
    this.#running++;
    try {
      await actor();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  take(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#running--;
      this.#next();
    });
  }

  #next(): void {
    if (this.#running > 0 || this.#waiting.length === 0) return;
    const [go] = this.#waiting.splice(Math.floor(this.#draw() * this.#waiting.length), 1);
    this.#running++;
    go?.();
  }
}
