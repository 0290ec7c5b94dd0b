import type { QueryFinished } from '@app/common';

/** What is counted of one execution of a statement. */
export interface Execution {
  /** SQL with its placeholders. */
  readonly text: string;
  /** `background` outside requests. */
  readonly endpoint: string;
  readonly durationMs: number;
  readonly waitMs: number;
  readonly rowCount: number;
  readonly readBytes: number;
  readonly hasFailed: boolean;
}

const figures = 5;

/** Executions of statements that are not counted yet, up to a fixed number: for the reason that `Outcomes` has. Keeps no values and no rows. */
export class Executions {
  private readonly texts: string[];
  private readonly endpoints: string[];
  private readonly numbers: Float64Array;
  private size = 0;

  constructor(private readonly most: number) {
    this.texts = Array.from({ length: most }, () => '');
    this.endpoints = Array.from({ length: most }, () => '');
    this.numbers = new Float64Array(most * figures);
  }

  get isFull(): boolean {
    return this.size === this.most;
  }

  /** Not to be called when it is full. */
  add({ text, request, durationMs, waitMs, rowCount, readBytes, error }: QueryFinished): void {
    const { size, numbers } = this;
    const at = size * figures;
    this.texts[size] = text;
    this.endpoints[size] = request ? request.endpoint : 'background';
    numbers[at] = durationMs;
    numbers[at + 1] = waitMs;
    numbers[at + 2] = rowCount;
    numbers[at + 3] = readBytes;
    numbers[at + 4] = error ? 1 : 0;
    this.size = size + 1;
  }

  /** Gives all of them in their order, and is empty then. */
  drain(take: (execution: Execution) => void): void {
    const { size, texts, endpoints, numbers } = this;
    this.size = 0;
    for (let index = 0; index < size; index += 1) {
      const [durationMs = 0, waitMs = 0, rowCount = 0, readBytes = 0, failures = 0] = numbers.subarray(
        index * figures,
        (index + 1) * figures,
      );
      take({
        text: texts[index] ?? '',
        endpoint: endpoints[index] ?? '',
        durationMs,
        waitMs,
        rowCount,
        readBytes,
        hasFailed: failures > 0,
      });
      texts[index] = '';
    }
  }
}
