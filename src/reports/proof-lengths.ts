/** Accepted proofs by length in characters, in bins that double. */
const EDGES = [10, 20, 40, 80, 160, 320, 640, Number.POSITIVE_INFINITY];

export interface LengthBin {
  readonly label: string;
  readonly proofs: number;
}

export class ProofLengths {
  readonly #counts = EDGES.map(() => 0);

  add(text: string): void {
    const bin = EDGES.findIndex((edge) => text.length <= edge);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
  }

  bins(): LengthBin[] {
    return EDGES.map((edge, i) => ({
      label: Number.isFinite(edge) ? `to ${edge}` : `over ${EDGES.at(-2)}`,
      proofs: this.#counts[i] ?? 0,
    }));
  }
}
